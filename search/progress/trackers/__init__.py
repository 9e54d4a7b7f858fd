"""Other people's viewers of trials: what the record has, written as TensorBoard and MLflow do."""
