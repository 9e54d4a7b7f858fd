"""What a difference between trials is worth: numbers in, numbers out, nothing of studies."""
