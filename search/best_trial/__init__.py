"""Using a trained trial: test figures, classes of images, a file to deploy.

`choice` says which trial, `trained` makes its objective again from `best.pt`.
"""
