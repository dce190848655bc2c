"""Importing this makes the first operation on the meta device fast: torch then loads what it needs for it."""

import torch

torch.ones(2, device="meta") * 2
