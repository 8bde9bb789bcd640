#!/usr/bin/python3
"""schedules.py: learning rates of PyTorch's schedulers, as reference results for tests/test_schedule.c.

    python3 tools/schedules.py >tests/schedules.def

A row has an optimizer in Tacet's language, the epochs of a run and the steps of an epoch, the losses of the epochs for
ReduceLROnPlateau, and the rate of each step.
"""
import math

import torch
from torch.optim import lr_scheduler as schedulers


def rates(lr, make, epochs, each, losses=(), by_step=False):
    w = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([w], lr=lr)
    scheduler, out = make(optimizer), []
    for epoch in range(epochs):
        for _ in range(each):
            out.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if by_step and len(out) < epochs * each:
                scheduler.step()
        if not by_step:
            scheduler.step(*([losses[epoch]] if losses else []))
    return out


def row(text, lr, make, epochs, each, losses=(), by_step=False):
    found = rates(lr, make, epochs, each, losses, by_step)
    print("SCHEDULE(%s, %d, %d," % ('"%s"' % text.replace('"', '\\"'), epochs, each))
    print("         LIST(%s)," % ", ".join(str(x) for x in losses or [0]))
    lines, line = [], "         LIST("
    for i, x in enumerate(found):
        word = "%.17g" % x + (", " if i + 1 < len(found) else "))")
        if len(line) + len(word) > 118:
            lines.append(line.rstrip())
            line = "              "
        line += word
    print("\n".join([*lines, line]))


def one_cycle(steps, **more):
    return lambda o: schedulers.OneCycleLR(o, total_steps=steps, cycle_momentum=False, **more)


def warmup_cosine(warm, steps):
    """As transformers.get_cosine_schedule_with_warmup."""
    def factor(step):
        return step / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2
    return lambda o: schedulers.LambdaLR(o, factor)


def plateau(**more):
    return lambda o: schedulers.ReduceLROnPlateau(o, **more)


print("/* schedules.def: made by tools/schedules.py with PyTorch. */")
row("sgd lr=0.3 schedule=one_cycle", 0.3, one_cycle(40, max_lr=0.3), 4, 10, by_step=True)
row("sgd lr=0.3 schedule=one_cycle pct_start=0.25 div_factor=10 final_div_factor=100", 0.3,
    one_cycle(21, max_lr=0.3, pct_start=0.25, div_factor=10, final_div_factor=100), 3, 7, by_step=True)
row("sgd lr=0.5 schedule=warmup_cosine", 0.5, warmup_cosine(4, 40), 4, 10, by_step=True)
row("adam lr=0.5 schedule=warmup_cosine warmup=1.5", 0.5, warmup_cosine(6, 20), 5, 4, by_step=True)
row('sgd lr=1 schedule=step milestones="2 3 7"', 1,
    lambda o: schedulers.MultiStepLR(o, [2, 3, 7], gamma=0.1), 9, 2)
row('sgd lr=1 schedule=step milestones=1,4 gamma=0.5', 1, lambda o: schedulers.MultiStepLR(o, [1, 4], gamma=0.5), 6, 1)
LOSSES = [1, 0.9, 0.95, 0.9, 0.89995, 0.899, 0.91, 0.92, 0.93, 0.94, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
row("sgd lr=1 schedule=plateau patience=2", 1, plateau(patience=2), 20, 1, LOSSES)
row("sgd lr=1 schedule=plateau patience=0 gamma=0.5 cooldown=3 floor=0.1", 1,
    plateau(patience=0, factor=0.5, cooldown=3, min_lr=0.1), 20, 2, LOSSES)
row("sgd lr=1 schedule=plateau patience=1 threshold=0.05 threshold_mode=abs", 1,
    plateau(patience=1, threshold=0.05, threshold_mode="abs"), 20, 1, LOSSES)
row("sgd lr=0.2 schedule=plateau", 0.2, plateau(), 20, 1, [1] * 20)
