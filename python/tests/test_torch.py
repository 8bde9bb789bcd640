"""Modules of PyTorch as networks, and networks as modules."""

import os
import pickle
import sys
import unittest
import warnings

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn
    torch.zeros(1).numpy()  # fails if PyTorch was built for another NumPy
except (ImportError, RuntimeError) as missing:
    raise unittest.SkipTest(str(missing))

import tacetnn as tn


def setUpModule():
    warnings.simplefilter("ignore")


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


def without_bias(module):
    """What later versions of PyTorch make of bias=False."""
    module.bias = None
    return module


class Tokens(nn.Module):
    """[N, T, D]: layers of the last dimension, and of the second."""

    def __init__(self):
        super().__init__()
        self.embed, self.norm = nn.Linear(5, 6), nn.LayerNorm(6)
        self.mix, self.head = nn.Conv1d(6, 4, 3), nn.Linear(16, 2)

    def forward(self, x):
        x = self.mix(self.norm(self.embed(x)).transpose(1, 2))
        return self.head(F.gelu(x, approximate="tanh").flatten(1))


class Images(nn.Module):
    """Squeeze and excitation, concatenation, channels last and back."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(16, 2)

    def forward(self, x):
        x = F.silu(self.conv(x))
        x = x * torch.sigmoid(self.gate(F.adaptive_avg_pool2d(x, 1)))
        y = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = torch.cat([x - y, F.relu6(x)], dim=1)
        return F.log_softmax(self.head(x.mean((2, 3))), dim=1)


class Calls(nn.Module):
    """A module that calls one function, or several modules with it."""

    def __init__(self, function, *modules):
        super().__init__()
        self.function, self.m = function, nn.ModuleList(modules)

    def forward(self, x):
        return self.function(x, *self.m)


def slopes(n):
    module = nn.PReLU(n)
    module.weight.data = torch.linspace(-0.5, 0.3, n)
    return module


ROW, TOKENS, IMAGE = (6,), (6, 8), (6, 9, 8)
MODULES = {  # an example of each row of the table, and of what rows it takes
    nn.Linear: (nn.Linear(6, 4, bias=False), ROW), nn.Conv1d: (nn.Conv1d(6, 4, 3, 2, 1, groups=2), TOKENS),
    nn.Conv2d: (nn.Conv2d(6, 4, (3, 2), (2, 1), (1, 0), (1, 2), 2, False), IMAGE), nn.ReLU: (nn.ReLU(), IMAGE),
    nn.ReLU6: (nn.ReLU6(), ROW), nn.Hardtanh: (nn.Hardtanh(-0.5, 2.0), ROW), nn.LeakyReLU: (nn.LeakyReLU(0.2), IMAGE),
    nn.PReLU: (slopes(6), IMAGE), nn.ELU: (nn.ELU(0.7), ROW), nn.SELU: (nn.SELU(), TOKENS), nn.Mish: (nn.Mish(), ROW),
    nn.Softplus: (nn.Softplus(2.0, 0.5), ROW),
    nn.Threshold: (nn.Threshold(0.5, 0), ROW), nn.GELU: (nn.GELU("tanh"), ROW), nn.SiLU: (nn.SiLU(), ROW),
    nn.Hardswish: (nn.Hardswish(), ROW), nn.Sigmoid: (nn.Sigmoid(), ROW), nn.Hardsigmoid: (nn.Hardsigmoid(), ROW),
    nn.Tanh: (nn.Tanh(), ROW), nn.Softmax: (nn.Softmax(1), IMAGE), nn.LogSoftmax: (nn.LogSoftmax(-1), TOKENS),
    nn.Dropout: (nn.Dropout(0.3), ROW), nn.LayerNorm: (nn.LayerNorm(8, 1e-3), TOKENS),
    nn.BatchNorm2d: (nn.BatchNorm2d(6, 1e-3, 0.2), IMAGE), nn.BatchNorm1d: (nn.BatchNorm1d(6, affine=False), TOKENS),
    nn.GroupNorm: (nn.GroupNorm(3, 6, 1e-3), IMAGE),
    nn.InstanceNorm2d: (nn.InstanceNorm2d(6, 1e-3, affine=True), IMAGE),
    nn.InstanceNorm1d: (nn.InstanceNorm1d(6), TOKENS), nn.MaxPool2d: (nn.MaxPool2d(3, 2, 1, 2, ceil_mode=True), IMAGE),
    nn.AvgPool2d: (nn.AvgPool2d((3, 2), 2, (1, 0), True, False), IMAGE),
    nn.Upsample: (nn.Upsample(scale_factor=(2, 3)), IMAGE), nn.AdaptiveAvgPool2d: (nn.AdaptiveAvgPool2d((1, 1)), IMAGE),
    nn.AdaptiveAvgPool1d: (nn.AdaptiveAvgPool1d(1), TOKENS), nn.ZeroPad2d: (nn.ZeroPad2d((1, 2, 3, 0)), IMAGE),
    nn.ConstantPad3d: (nn.ConstantPad3d((0, 1, 0, 0, 2, 1), 0.0), IMAGE),
}
FUNCTIONS = (  # calls, and what rows they take
    (lambda x: F.relu(x, inplace=True), ROW), (lambda x: torch.relu(x), ROW), (lambda x: x.relu_(), ROW),
    (lambda x: F.leaky_relu(x, 0.3), ROW), (lambda x: F.gelu(x), ROW), (lambda x: F.gelu(x, approximate="tanh"), ROW),
    (lambda x: F.silu(x), ROW), (lambda x: F.hardswish(x), ROW), (lambda x: F.hardsigmoid(x), ROW),
    (lambda x: F.sigmoid(x), ROW), (lambda x: x.sigmoid(), ROW), (lambda x: torch.tanh(x), ROW),
    (lambda x: F.elu(x, 0.5), ROW), (lambda x: F.selu(x), ROW), (lambda x: F.mish(x), IMAGE),
    (lambda x: F.softplus(x, beta=2), ROW), (lambda x, a: a(x), TOKENS, slopes(6)),
    (lambda x, a, b: a(b(x.transpose(1, 2))), TOKENS, slopes(1), nn.Linear(6, 4)),
    (lambda x: F.relu6(x), ROW), (lambda x: F.threshold(x, 0.2, 0), ROW), (lambda x: F.hardtanh(x, -0.2, 0.4), ROW),
    (lambda x: x.clamp(-0.2, 0.4), ROW), (lambda x: torch.clamp(x, min=-0.2, max=0.4), ROW),
    (lambda x: F.softmax(x, dim=1), IMAGE), (lambda x: torch.softmax(x, -1), TOKENS),
    (lambda x: x.log_softmax(dim=-1), ROW), (lambda x: F.dropout(x, 0.2, False), ROW),
    (lambda x: F.max_pool2d(x, 3, 2, padding=1, ceil_mode=True), IMAGE),
    (lambda x: F.avg_pool2d(x, 3, 2, 1, False, False), IMAGE), (lambda x: F.adaptive_avg_pool2d(x, 1), IMAGE),
    (lambda x: F.interpolate(x, scale_factor=2), IMAGE), (lambda x: F.pad(x, (1, 2)), IMAGE),
    (lambda x: F.pad(x, (0, 0, 1, 0, 2, 3)), IMAGE), (lambda x: x[:, :, ::2, ::3], IMAGE),
    (lambda x: x.mean((2, 3)), IMAGE), (lambda x: torch.mean(x, dim=[-1, -2], keepdim=True), IMAGE),
    (lambda x: x.mean(1), TOKENS), (lambda x: torch.flatten(x, start_dim=1), IMAGE),
    (lambda x: x.view(x.size(0), -1), IMAGE), (lambda x: x.reshape(x.shape[0], 2, 3), ROW),
    (lambda x: F.relu(x).view(-1, 2, 3, 1), ROW), (lambda x: x.flatten(2).transpose(1, 2), IMAGE),
    (lambda x: x.permute(0, 2, 3, 1).softmax(-1), IMAGE), (lambda x: x.transpose(1, 2).tanh(), TOKENS),
    (lambda x: x.mean((2, 3))[:, :, None, None] * x, IMAGE), (lambda x: x + F.relu(x), IMAGE),
    (lambda x: torch.sub(x, x.sigmoid()), ROW), (lambda x: x.tanh().mul(x), TOKENS),
    (lambda x: torch.cat((x, F.relu(x)), dim=1), IMAGE), (lambda x: torch.cat([x, x.tanh()], axis=-1), TOKENS),
    (lambda x: torch.cat([x], 1).contiguous().relu(), ROW), (lambda x: torch.relu(input=x), ROW),
    (lambda x: x.clamp(min=0), ROW), (lambda x: torch.cat(tensors=(x, x.tanh()), dim=1), ROW),
    (lambda x: torch.add(input=x, other=torch.transpose(input=x, dim0=1, dim1=2).transpose(1, 2)), TOKENS),
    (lambda x, a: F.linear(x, weight=a.weight, bias=a.bias), ROW, nn.Linear(6, 2)),
    (lambda x, a, b: b(a(x)).squeeze(-1) * x, ROW, nn.Linear(6, 6), nn.Unflatten(1, (6, 1))),
    (lambda x, a, b: torch.flatten(b(a(input=x)), 1), TOKENS, nn.Conv1d(6, 4, 2), nn.BatchNorm1d(4)),
    (lambda x, a: x + a(x.transpose(1, 2)).transpose(1, 2), TOKENS, nn.Linear(6, 6)),
    (lambda x, a, b: a(x) * torch.sigmoid(b(a(x).mean((2, 3), keepdim=True))), IMAGE, nn.Conv2d(6, 4, 1),
     nn.Conv2d(4, 4, 1)),
)


class Named(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return self.block(x)


class Code(nn.Module):
    """A sparse autoencoder of bare parameters."""

    def __init__(self):
        super().__init__()
        self.w, self.b, self.pre = (nn.Parameter(torch.randn(*shape)) for shape in ((6, 9), (9,), (6,)))

    def forward(self, x):
        return torch.relu((x - self.pre) @ self.w + self.b) @ self.w.t() + self.pre


class Gain(nn.Module):
    """A factor for each channel, and an offset."""

    def __init__(self):
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.randn(3, 1, 1)), nn.Parameter(torch.randn(1, 3, 1, 1))

    def forward(self, x):
        return self.gain * x + self.offset


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
                          (nn.Sequential(nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6), nn.ReLU(), nn.Flatten(),
                                         nn.Linear(48, 2)), torch.randn(3, 4, 10))):
            with self.subTest(type(module).__name__), torch.no_grad():
                net = tn.Network.from_torch(module, x)
                self.assertTrue(np.allclose(net.predict(x), module.eval()(x), atol=1e-5))

    def test_every_module_of_the_table(self):
        from tacetnn.torch_words import BY_MODULE
        self.assertEqual(set(MODULES), set(BY_MODULE))
        for module, row in MODULES.values():
            with self.subTest(module):
                x, module = torch.randn(2, *row), trained(nn.Sequential(module)).eval()
                net = tn.Network.from_torch(module, x)
                with torch.no_grad():
                    back = net.to_torch()
                    found, expected = back(x), module(x)
                    self.assertTrue(torch.allclose(found, expected.reshape(found.shape), atol=1e-5))
                if not isinstance(module[0], (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)):
                    self.assertEqual(repr(back.get_submodule("0")), repr(module[0]))

    def test_functions(self):
        for i, (function, row, *modules) in enumerate(FUNCTIONS):
            with self.subTest(i):
                tn.Network.from_torch(Calls(function, *modules), torch.randn(2, *row))

    def test_rows_of_any_kind(self):
        module = nn.Linear(4, 3)
        for x in (np.ones((2, 4)), [[1, 2, 3, 4]], torch.ones(2, 4, requires_grad=True),
                  torch.ones(2, 4, dtype=torch.uint8)):
            net = tn.Network.from_torch(module, x)
            self.assertEqual(list(net.weights()), ["linear1.weight", "linear1.bias"])
        tn.Network.from_torch(nn.Sequential(module).double(), torch.ones(2, 4))
        for x, message in ((torch.ones(4), "rows"), (torch.ones(0, 4), "rows"), (torch.full((1, 4), np.nan), "finite")):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                tn.Network.from_torch(module, x)

    def test_large_images_need_little_memory(self):
        module = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        net = tn.Network.from_torch(module, torch.randn(1, 3, 224, 224))
        self.assertLess(net.batch * 224 * 224 * 64 * 4, 2**29)
        self.assertEqual(tn.Network.from_torch(nn.Linear(4, 3), torch.ones(1, 4)).batch, 128)

    def test_modules_and_examples_that_are_refused(self):
        for module, text in ((nn.LSTM(6, 3), "LSTM has no counterpart"),
                             (Calls(lambda x: x if x.sum() > 0 else -x), "could not follow.*Calls.*by hand"),
                             (nn.Linear(5, 2), r"does not take example, \[2, 6\]")):
            with self.assertRaisesRegex(ValueError, text):
                tn.Network.from_torch(module, torch.randn(2, 6))

    def test_outputs_that_differ_are_refused(self):
        for function in (lambda x: F.dropout(x, 0.5), lambda x: F.relu(x, inplace=True) + x):
            with self.assertRaisesRegex(ValueError, "differ from those of the module"):
                tn.Network.from_torch(Calls(function), torch.randn(2, 6))

    def test_tied_and_frozen_parameters(self):
        module = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
        module[2].weight = module[0].weight
        module[0].bias.requires_grad_(False)
        net = tn.Network.from_torch(module, torch.randn(2, 6), loss="mse", optimizer="sgd lr=0.1", target="x")
        self.assertEqual(list(net.weights()), ["0.weight", "0.bias", "2.bias"])
        net.fit(np.ones((8, 6), np.float32), epochs=1, progress=False)
        self.assertTrue(np.array_equal(net["0.bias"], module[0].bias.detach().numpy()))
        self.assertFalse(np.array_equal(net["0.weight"], module[0].weight.detach().numpy()))
        back = net.to_torch()
        self.assertIs(back.get_submodule("2").weight, back.get_submodule("0").weight)
        self.assertEqual({k: p.requires_grad for k, p in back.named_parameters()},
                         {"0.weight": True, "0.bias": False, "2.bias": True})

    def test_parameters_outside_of_layers(self):
        for module, x in (
                (Code(), torch.randn(3, 6)),
                (Calls(lambda x, a: F.linear(F.relu(a(x)), a.weight.t()), nn.Linear(6, 4)), torch.randn(3, 6)),
                (Gain(), torch.randn(2, 3, 5, 6)),
                (Calls(lambda x, a: a.weight * x, nn.LayerNorm(6)), torch.randn(2, 3, 6))):
            with self.subTest(type(module).__name__), torch.no_grad():
                net = tn.Network.from_torch(module, x)
                back = net.to_torch()
                self.assertTrue(torch.allclose(back(x), module(x), atol=1e-5))
                self.assertEqual(tn.Network.from_torch(back, x).layers, net.layers)
        self.assertEqual(tn.Network.from_torch(Code(), torch.randn(3, 6)).layers,
                         "scale_shift weight=false negate name=scale_shift1 | linear 9 bias=false name=linear1 | "
                         "scale_shift weight=false name=scale_shift2 | relu name=relu1 | "
                         "linear 6 weight=linear1.weight transposed bias=false name=linear2 | "
                         "scale_shift weight=false bias=scale_shift1.bias name=scale_shift3")

    def test_classes_that_are_derived_from_those_of_the_table(self):
        class Same(nn.Conv2d):
            def __init__(self, size):
                super().__init__(size, size, 3, padding=1)

        class Other(nn.Linear):
            def forward(self, x):
                return super().forward(x).relu()

        net = tn.Network.from_torch(nn.Sequential(Same(3), nn.Flatten(), Other(75, 2)), torch.randn(2, 3, 5, 5))
        self.assertEqual(net.layers, "conv2d 3 3 padding=1 name=0 | flatten name=1 | linear 2 name=2 | "
                                     "relu name=2.relu1")

    def test_modules_that_are_called_twice(self):
        class Twice(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc, self.act, self.act_2 = nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 2)

            def forward(self, x):
                return self.act_2(self.act(self.fc(self.act(self.fc(x)))))

        net = tn.Network.from_torch(Twice(), torch.randn(3, 6))
        self.assertEqual(net.layers, "linear 6 name=fc | relu name=act | "
                                     "linear 6 weight=fc.weight bias=fc.bias name=fc_2 | relu name=act_3 | "
                                     "linear 2 name=act_2")
        self.assertEqual(list(net.weights()), list(Twice().state_dict()))

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
                (Inner(nn.GLU()), rows, r"block.layer \(GLU\) has no counterpart"),
                (Inner(None), rows, "erf in block has no counterpart"),
                (Inner(nn.BatchNorm1d(6, track_running_stats=False)), rows, "track_running_stats=False"),
                (Inner(nn.BatchNorm1d(6, momentum=None)), rows, "momentum=None"),
                (Inner(without_bias(nn.LayerNorm(6))), rows, "bias=False"),
                (Inner(without_bias(nn.GroupNorm(2, 6))), rows, "bias=False"),
                (Inner(nn.Threshold(0.5, 1)), rows, "value=1"),
                (Inner(nn.Softmax(2)), image, "dim=2"),
                (Inner(nn.LayerNorm((3, 6))), tokens, r"\(LayerNorm\)"),
                (Inner(nn.Upsample(scale_factor=2, mode="bilinear")), image, "mode='bilinear'"),
                (Inner(nn.Linear(6, 6)), image, "have no counterpart"),
                (Calls(lambda x, a: a.bias - x, nn.Linear(6, 6)), rows, "m.0.bias is a parameter outside of a layer"),
                (Calls(lambda x, a: x + a.weight.transpose(0, 1), nn.Conv2d(6, 6, 1)), rows, "m.0.weight is a"),
                (Calls(lambda x, a: x + a.weight, nn.Linear(6, 3)), tokens, r"m.0.weight of \[3, 6\]"),
                (Calls(lambda x: x.clamp(max=1)), rows, "max=1"),
                (Calls(lambda x: torch.add(x, x, alpha=2)), rows, "alpha"), (Calls(lambda x: x.max(1)[0]), rows, "max"),
                (Calls(lambda x: x.mean()), rows, "makes"), (Calls(lambda x: F.softmax(x)), rows, "dim=None"),
                (Calls(lambda x: x[:, 1:]), rows, "getitem"), (Calls(lambda x: F.normalize(x)), rows, "norm"),
                (Calls(lambda x: x * 2), rows, "mul in block: the number 2"),
                (Calls(lambda x: (x, x)), rows, "several values"),
                (Calls(lambda x: x if x.sum() > 0 else -x), rows, "torch.fx could not follow"),
                (Calls(lambda x: x), rows, "no layers"),
                (Inner(nn.Sequential(nn.Embedding(9, 2))), torch.ones(2, 6).long(), "Embedding"),
                (Inner(nn.utils.weight_norm(nn.Linear(6, 6))), rows, "hooks")):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                tn.Network.from_torch(Named(module), x)


NETWORKS = (  # layers, the shape of a row, and whether the module is a chain
    ("linear 8 | relu | linear 3", (6,), True),
    ("linear 8 name=a.b | relu name=a.c | linear 3 name=d", (6,), True),
    ("linear 8 name=a.b | relu name=d | linear 3 name=a.c", (6,), False),
    ("linear 8 name=a.b | relu name=a | linear 3 name=a.c", (6,), False),
    ("linear 8 | threshold_relu 0.2 | topk 3 | jump_relu 0.1 | linear 3", (6,), False),
    ("scale_shift weight=false negate name=pre | linear 9 | relu | batch_topk 3 | linear 6 bias=pre.bias", (6,), False),
    ("linear 8 | relu | linear 6 weight=linear1.weight transposed", (6,), False),
    ("linear 8 | relu | linear 6 init_transpose=linear1.weight", (6,), True),
    ("linear 6 | relu | linear 6 weight=linear1.weight bias=linear1.bias", (6,), True),
    ("conv2d 4 3 padding=1 | conv2d 4 3x2 stride=2 dilation=1x2 | relu | flatten | linear 24 | reshape 2x3x4 | "
     "conv2d 2 1 | flatten order=hwc | linear 5", (6, 5, 3), False),
    ("conv2d 4 3 groups=1 padding=same | batch_norm | leaky_relu 0.2 | max_pool2d 2 ceil | dropout | "
     "avg_pool2d 2 stride=1 count_pad=false padding=1 | group_norm 2 | instance_norm affine=true | flatten", (6, 5, 3),
     True),
    ("conv2d 3 2x3 padding=same | relu", (6, 5, 3), True),
    ("reshape -1x3 | conv1d 4 3 padding=same | batch_norm | linear 3 | softmax", (6, 5, 3), False),
    ("conv2d 3 3 padding=same | pad 1 top=0 before=1 | clip 0 1 | global_avg_pool | linear 4 | mul x | sub x",
     (6, 5, 4), False),
    ("reshape 6x5x1 | scale_shift | topk 1 | instance_norm | concat x", (6, 5, 1), False),
    ("global_avg_pool | reshape 2x2x1 | upsample 2x3 | avg_pool2d 2 | linear 3", (6, 5, 4), False),
    ("conv1d 3 2 | instance_norm | group_norm 3 | layer_norm | gelu | softmax | global_avg_pool", (6, 4), False),
    ("linear 5 | prelu by=unit | elu 0.3 | prelu | prelu weight=prelu2.weight | selu | mish | softplus 2 threshold=1", (6,),
     True),
    ("conv2d 4 3 | prelu by=unit | prelu | flatten | linear 3", (6, 5, 3), True),
    ("reshape -1x3 | linear 4 | prelu by=unit | prelu", (6, 5, 3), False),
    ("relu6 | hardswish | hardsigmoid | silu | tanh | sigmoid | gelu approximate=tanh | log_softmax | add x", (6,),
     False),
)


class ToTorch(unittest.TestCase):
    def same(self, net, module, x):
        rows = torch.from_numpy(x)
        with torch.no_grad():
            y = module(rows.permute(0, 3, 1, 2) if x.ndim == 4 else rows)
        y = (y.permute(0, 2, 3, 1) if y.ndim == 4 else y).numpy()
        expected = net.predict(x)
        self.assertEqual(y.shape, expected.shape)
        self.assertLess(np.abs(y - expected).max(), 1e-5 * max(np.abs(expected).max(), 1))

    def test_outputs_names_and_forms(self):
        for layers, shape, chain in NETWORKS:
            with self.subTest(layers):
                net = tn.Network(layers, input=shape, layout="hwc" if len(shape) == 3 else None, seed=1)
                rng = np.random.default_rng(0)
                state = {k: v + rng.uniform(0.1, 0.2, v.shape).astype("f4") for k, v in net.state_dict().items()}
                net.load_state_dict(state)
                module = net.to_torch()
                self.assertEqual(isinstance(module, nn.Sequential), chain)
                self.assertLessEqual(set(state), set(module.state_dict()))
                self.same(net, module, rng.standard_normal((5, *shape), dtype=np.float32))
                self.same(net, pickle.loads(pickle.dumps(module)), rng.standard_normal((5, *shape), dtype=np.float32))

    def test_there_and_back(self):
        for module, x in ((Tokens(), torch.randn(3, 6, 5)), (Images(), torch.randn(2, 3, 7, 6)),
                          (trained(networks.MobileNetV2()), torch.randn(2, 1, 28, 28))):
            with self.subTest(type(module).__name__), torch.no_grad():
                back = tn.Network.from_torch(module, x).to_torch()
                back.load_state_dict(module.state_dict())
                self.assertTrue(torch.allclose(back(x), module.eval()(x), atol=1e-5))

    def test_the_scaling_of_data(self):
        x = np.random.default_rng(0).uniform(3, 9, (50, 4, 3, 2)).astype("f4")
        y = 1000 + 50 * x.sum((1, 2))
        for how in ("channel", "feature"):
            net = tn.Network("conv2d 3 2 | flatten | linear 2", input=(4, 3, 2), layout="hwc", loss="mse",
                             optimizer="adam")
            net.fit(x, y, data=f"normalize={how} normalize_target=true", epochs=2, progress=False)
            module = net.to_torch()
            self.same(net, module, x[:5])
            module.load_state_dict({k: torch.from_numpy(v) for k, v in net.state_dict().items()})

    def test_the_words_without_a_module(self):
        """Every layer of the catalogue is a row of the table or is written as a few calls, but not a formula."""
        from tacetnn.torch_words import ROWS
        from tacetnn.torch_writer import WRITE
        self.assertEqual([e.name for e in tn.entries("layer") if e.name not in {r.word for r in ROWS} | set(WRITE)],
                         ["map"])

    def test_random_numbers_are_not_used_up(self):
        torch.manual_seed(3)
        first = torch.rand(1)
        torch.manual_seed(3)
        tn.Network("linear 8", input=4).to_torch()
        self.assertEqual(first, torch.rand(1))


class Training(unittest.TestCase):
    def test_the_same_losses_and_state_dicts_both_ways(self):
        torch.manual_seed(0)
        x, y = torch.randn(20, 16, 3, 8, 8), torch.randint(0, 4, (20, 16))
        for optimizer, make in (("sgd lr=0.05 momentum=0.9", lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
                                ("adam lr=1e-3", lambda p: torch.optim.Adam(p, lr=1e-3))):
            module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                                   nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 4))
            net = tn.Network.from_torch(module, x[0], loss="cross_entropy", optimizer=optimizer)
            run = net.fit(list(zip(x, y)), epochs=1, log=1, progress=False)
            theirs, steps = [], make(module.parameters())
            for a, b in zip(x, y):
                steps.zero_grad()
                loss = F.cross_entropy(module(a), b)
                loss.backward()
                steps.step()
                theirs.append(loss.item())
            self.assertTrue(np.allclose([s["data_loss"] for s in run.steps_log], theirs, rtol=0, atol=1e-5))

            for name, value in net.state_dict().items():
                self.assertTrue(np.allclose(value, module.state_dict()[name], atol=1e-5), name)
            net.load_state_dict(module.state_dict())
            self.assertTrue(np.array_equal(net["1.running_var"], module[1].running_var.numpy()))
            net["0.weight"] = net["0.weight"] + 1
            module.load_state_dict({k: torch.from_numpy(v) for k, v in net.state_dict().items()})
            with torch.no_grad():
                self.assertTrue(np.allclose(module.eval()(x[0]), net.predict(x[0]), rtol=1e-4, atol=1e-4))


if __name__ == "__main__":
    unittest.main()
