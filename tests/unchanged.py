"""A training script as people have them, which knows nothing of any search."""

import argparse

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

Matrix = NDArray[np.float64]


def train(
    args: argparse.Namespace, weights: Matrix, images: Matrix, targets: Matrix, epoch: int
) -> None:
    order = np.random.permutation(len(images))
    for batch, chosen in enumerate(np.array_split(order, len(order) // args.batch_size)):
        errors = probabilities(weights, images[chosen]) - targets[chosen]
        weights -= args.lr * images[chosen].T @ errors / len(chosen)
        if batch % args.log_interval == 0:
            done, share = batch * args.batch_size, batch / (len(order) // args.batch_size)
            loss = np.square(errors).mean()
            print(f"Train Epoch: {epoch} [{done}/{len(order)} ({share:.0%})]\tLoss: {loss:.6f}")


def test(weights: Matrix, images: Matrix, targets: Matrix) -> None:
    guesses = probabilities(weights, images)
    loss = -np.log(guesses[targets == 1] + 1e-9).mean()
    correct = (guesses.argmax(1) == targets.argmax(1)).sum()
    print(
        f"\nTest set: Average loss: {loss:.4f}, Accuracy: {correct}/{len(images)} "
        f"({100.0 * correct / len(images):.0f}%)\n"
    )


def probabilities(weights: Matrix, images: Matrix) -> Matrix:
    scores = np.exp(images @ weights)
    shares: Matrix = scores / scores.sum(1, keepdims=True)
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description="Digits Example")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-interval", type=int, default=10)
    parser.add_argument("--save-model", action="store_true", default=False)
    args = parser.parse_args()
    np.random.seed(args.seed)
    images, labels = load_digits(return_X_y=True)
    images, targets = images / 16, np.eye(10)[labels]
    weights = np.zeros((images.shape[1], 10))
    for epoch in range(1, args.epochs + 1):
        train(args, weights, images[360:], targets[360:], epoch)
        test(weights, images[:360], targets[:360])
    if args.save_model:
        np.save("digits.npy", weights)


if __name__ == "__main__":
    main()
