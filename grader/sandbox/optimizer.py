"""Importing this makes the first step of an optimizer fast: torch then loads what it needs for it."""

import torch

_parameter = torch.nn.Parameter(torch.zeros(2))
_parameter.grad = torch.ones(2)
for _each in (torch.optim.SGD([_parameter], lr=0.1), torch.optim.Adam([_parameter])):
    _each.step()
    _each.zero_grad()
