"""networks.py: the networks of this folder as PyTorch modules.

    LeNet, VGG11, ResNet20 (with both kinds of shortcut) and MobileNetV2 (width 0.25) for images of 28 x 28. The modules
have the names that their layers have in the .yaml file of each, so a model from one loads into the other.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    """LeCun et al. 1998, with max pooling and ReLU, as most tutorials write it."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class VGG11(nn.Module):
    """Simonyan and Zisserman 2015, with batch norm. Pools round up, so that five of them bring 28 to 1."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 1
        for width in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
            if width == "M":
                layers += [nn.MaxPool2d(2, ceil_mode=True)]
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(512, 10)

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class BasicBlock(nn.Module):
    """Option A subsamples and adds channels of zeros; option B is a 1 x 1 convolution (He et al. 2016)."""

    def __init__(self, channels, width, stride, option):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut, self.zeros = nn.Sequential(), 0
        if stride != 1 or channels != width:
            if option == "A":
                self.zeros = (width - channels) // 2
            else:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.zeros:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.zeros, self.zeros))
        return F.relu(y + self.shortcut(x))


class ResNet20(nn.Module):
    """He et al. 2016, the network of their experiments with CIFAR-10."""

    def __init__(self, option="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self.stage(16, 16, 1, option)
        self.layer2 = self.stage(16, 32, 2, option)
        self.layer3 = self.stage(32, 64, 2, option)
        self.linear = nn.Linear(64, 10)

    @staticmethod
    def stage(channels, width, stride, option):
        return nn.Sequential(BasicBlock(channels, width, stride, option), BasicBlock(width, width, 1, option),
                             BasicBlock(width, width, 1, option))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.linear(x)


def conv_bn_relu6(channels, width, size=3, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(channels, width, size, stride, padding=size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """A 1 x 1 convolution to `expand` times the channels, a depthwise one, and a 1 x 1 convolution back."""

    def __init__(self, channels, width, stride, expand):
        super().__init__()
        hidden = channels * expand
        layers = [conv_bn_relu6(channels, hidden, 1)] if expand != 1 else []
        layers += [conv_bn_relu6(hidden, hidden, 3, stride, groups=hidden),
                   nn.Conv2d(hidden, width, 1, bias=False), nn.BatchNorm2d(width)]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and channels == width

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(nn.Module):
    """Sandler et al. 2018 with a quarter of the channels, and names as in torchvision.

    The first convolution and the second stage have stride 1, as is usual for images as small as these."""

    def __init__(self, dropout=0.2):
        super().__init__()
        channels = 8
        layers = [conv_bn_relu6(1, channels)]
        for expand, width, blocks, stride in ((1, 8, 1, 1), (6, 8, 2, 1), (6, 8, 3, 2), (6, 16, 4, 2), (6, 24, 3, 1),
                                              (6, 40, 3, 2), (6, 80, 1, 1)):
            for k in range(blocks):
                layers.append(InvertedResidual(channels, width, stride if k == 0 else 1, expand))
                channels = width
        layers.append(conv_bn_relu6(channels, 1280, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(1280, 10))

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), 1).flatten(1)
        return self.classifier(x)
