"""Using a trained trial: test metrics, classes of images, a file to deploy.

`choice` says which trial, `trained` makes its objective again from `best.pt`.
"""
