"""A trained network as others use it: bytes in, probabilities out."""

import copy

from torch import Tensor, nn

from objectives.data import Dataset


class Deployed(nn.Module):
    """A network with the normalisation before it and softmax after it.

    Args:
        network: Normalised images to logits; it is copied.
        data: Tells how to normalise.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module, data: Dataset) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
        self.register_buffer("scale", data.scale.cpu())
        self.register_buffer("shift", data.shift.cpu())
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Classify images.

        Args:
            images: `(N, C, H, W)`, uint8 or float32, 0 to 255.

        Returns:
            Probabilities `(N, K)`, each row sums to 1.
        """
        normal = self.shift + images * self.scale
        return self.network(normal).softmax(dim=1)  # type: ignore[no-any-return]
