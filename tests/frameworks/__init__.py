"""Training code as users of frameworks have it, which the documents' diffs make objectives of."""
