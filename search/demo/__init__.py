"""The best trial on a page of one's own machine: draw or drop a picture, see the probabilities.

`model` answers for pictures, `page` says what is known of the trial, `server` puts both on a port.
"""
