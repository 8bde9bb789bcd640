"""Modules of PyTorch as networks, and networks as modules."""

import os
import sys
import unittest

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as missing:
    if __name__ == "__main__":
        raise SystemExit(f"skipped: {missing}")
    raise unittest.SkipTest(str(missing))

import tacetnn as tn

SOURCE = os.environ.get("TACET_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "examples", "networks"))
import networks  # noqa: E402


def trained(module):
    """A module whose batch norms remember something."""
    for m in module.modules():
        if isinstance(m, nn.modules.batchnorm._BatchNorm):
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)
    return module


class Tokens(nn.Module):
    """[N, T, D]: layers of the last dimension, and of the second."""

    def __init__(self):
        super().__init__()
        self.embed, self.norm, self.mix, self.head = nn.Linear(5, 6), nn.LayerNorm(6), nn.Conv1d(6, 4, 3), nn.Linear(16, 2)

    def forward(self, x):
        x = self.mix(self.norm(self.embed(x)).transpose(1, 2))
        return self.head(F.gelu(x, approximate="tanh").flatten(1))


class Images(nn.Module):
    """Squeeze and excitation, concatenation, channels last and back."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate, self.norm, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.LayerNorm(8), nn.Linear(16, 2)

    def forward(self, x):
        x = F.silu(self.conv(x))
        x = x * torch.sigmoid(self.gate(F.adaptive_avg_pool2d(x, 1)))
        y = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = torch.cat([x - y, F.relu6(x)], dim=1)
        return F.log_softmax(self.head(x.mean((2, 3))), dim=1)


class FromTorch(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def test_the_networks_of_the_examples(self):
        for module in (networks.LeNet(), networks.VGG11(), networks.ResNet20("A"), networks.ResNet20("B"),
                       networks.MobileNetV2()):
            with self.subTest(type(module).__name__):
                net = tn.Network.from_torch(trained(module), torch.randn(2, 1, 28, 28))
                own = {k for k in module.state_dict() if not k.endswith("num_batches_tracked")}
                self.assertEqual(set(net.state_dict()), own)
                self.assertTrue(module.training)

    def test_values_of_every_rank(self):
        for module, x in ((Tokens(), torch.randn(3, 6, 5)), (Images(), torch.randn(2, 3, 7, 6)),
                          (nn.Sequential(nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)),
                           torch.randn(3, 4, 10))):
            with self.subTest(type(module).__name__), torch.no_grad():
                net = tn.Network.from_torch(module, x)
                self.assertTrue(np.allclose(net.predict(x), module.eval()(x), atol=1e-5))

    def test_tied_and_frozen_parameters(self):
        module = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
        module[2].weight = module[0].weight
        module[0].bias.requires_grad_(False)
        net = tn.Network.from_torch(module, torch.randn(2, 6), loss="mse", optimizer="sgd lr=0.1", target="x")
        self.assertEqual(list(net.weights()), ["0.weight", "0.bias", "2.bias"])
        net.fit(np.ones((8, 6), np.float32), epochs=1, progress=False)
        self.assertTrue(np.array_equal(net["0.bias"], module[0].bias.detach().numpy()))
        self.assertFalse(np.array_equal(net["0.weight"], module[0].weight.detach().numpy()))

    def test_what_has_no_counterpart_is_named_with_its_place(self):
        class Inner(nn.Module):
            def __init__(self, layer):
                super().__init__()
                self.layer = layer

            def forward(self, x):
                return torch.erf(x) if self.layer is None else self.layer(x)

        image, rows, tokens = torch.randn(2, 3, 6, 6), torch.randn(2, 6), torch.randn(2, 3, 6)
        for module, x, message in (
                (Inner(nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect")), image,
                 r"block.layer \(Conv2d\) padding_mode='reflect' has no counterpart"),
                (Inner(nn.LSTM(6, 6)), tokens, r"block.layer \(LSTM\) has no counterpart"),
                (Inner(nn.PReLU()), rows, r"block.layer \(PReLU\) has no counterpart"),
                (Inner(None), rows, "erf in block has no counterpart"),
                (Inner(nn.BatchNorm1d(6, track_running_stats=False)), rows, "track_running_stats=False"),
                (Inner(nn.BatchNorm1d(6, momentum=None)), rows, "momentum=None"),
                (Inner(nn.Softmax(2)), image, "dim=2"),
                (Inner(nn.LayerNorm((3, 6))), tokens, r"\(LayerNorm\)"),
                (Inner(nn.Upsample(scale_factor=2, mode="bilinear")), image, "mode='bilinear'"),
                (Inner(nn.Linear(6, 6)), image, "have no counterpart"),
                (Inner(nn.utils.weight_norm(nn.Linear(6, 6))), rows, "hooks")):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                tn.Network.from_torch(Named(module), x)


class Named(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return self.block(x)


if __name__ == "__main__":
    unittest.main()
