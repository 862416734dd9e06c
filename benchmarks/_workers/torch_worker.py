"""The PyTorch side: the same networks and the same step, in our own code. Never imports jgan.

Run as ``python -m benchmarks._workers.torch_worker``; it speaks the lines of `serve`.
"""

import math
import os
import resource
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks._workers.torch_networks import networks
from benchmarks._workers.works import (
    AVERAGE_DECAY,
    LEARNING_RATE,
    PATH_DECAY,
    PATH_SHARE,
    PATH_WEIGHT,
    PENALTY_WEIGHT,
    Work,
    changed,
    peak_size,
    serve,
)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
THREADS = int(os.environ.get("JGAN_BENCHMARK_THREADS", os.cpu_count() or 1))
LOSSES = {
    "non_saturating": (
        lambda r, f: F.softplus(-r) + F.softplus(f),
        lambda r, f: F.softplus(-f),
    ),
    "hinge": (lambda r, f: F.relu(1 - r) + F.relu(1 + f), lambda r, f: -f),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "relativistic": (lambda r, f: F.softplus(f - r), lambda r, f: F.softplus(r - f)),
}
"""For the discriminator and for the generator, on real and on fake logits."""


class Training:
    """Networks, optimizers, data and the step of one work."""

    def __init__(self, work: Work, variant: str) -> None:
        torch.manual_seed(0)
        self.work = work
        made = networks(work, "algebra" in variant)
        self.generator, self.discriminator = (network.to(DEVICE) for network in made)
        self.images = len(work.shape) == 3
        if self.images and "channels_last" in variant:
            layout: Any = {"memory_format": torch.channels_last}
            self.generator.to(**layout)
            self.discriminator.to(**layout)
        self.channels_last = "channels_last" in variant
        self.optimizers = [
            torch.optim.Adam(
                network.parameters(),
                lr=LEARNING_RATE,
                betas=work.betas,
                fused=variant != "eager",
            )
            for network in (self.generator, self.discriminator)
        ]
        self.data = self._data().to(DEVICE)
        self.order, self.next = torch.randperm(work.examples, device=DEVICE), 0
        self.updates, self.path_mean = 0, torch.zeros((), device=DEVICE)
        self.average = [value.detach().clone() for value in self.generator.parameters()]
        compiled = variant.startswith("compile")
        compiling: Any = torch.compile if compiled else lambda function: function
        self.generator_compiled = compiling(self.generator_loss)
        self.discriminator_compiled = compiling(self.discriminator_loss)

    def _data(self) -> Tensor:
        if not self.images:
            return torch.randn(self.work.examples, *self.work.shape)
        height, width, channels = self.work.shape
        shape = [self.work.examples, channels, height, width]
        if self.channels_last:
            shape = [self.work.examples, height, width, channels]
        return torch.randint(0, 256, shape, dtype=torch.uint8)

    def batch(self) -> Tensor:
        """The next minibatch as stored; every example once an epoch, reshuffled each time."""
        if self.next + self.work.batch > self.work.examples:
            self.order, self.next = torch.randperm(self.work.examples, device=DEVICE), 0
        chosen = self.order[self.next : self.next + self.work.batch]
        self.next += self.work.batch
        return self.data[chosen]

    def latents(self, count: int) -> Tensor:
        """Normal latents."""
        return torch.randn(count, self.work.latent, device=DEVICE)

    def computing(self) -> torch.autocast:
        """The context in which networks compute in the work's type."""
        return torch.autocast(DEVICE, torch.bfloat16, enabled=self.work.dtype == "bfloat16")

    def real(self, rows: Tensor) -> Tensor:
        """Stored examples as the discriminator is shown them."""
        if not self.images:
            return rows
        real = rows.float().mul(2 / 255).sub(1)
        return real.permute(0, 3, 1, 2) if self.channels_last else real

    def discriminator_loss(self, rows: Tensor, penalised: bool = False) -> Tensor:
        """Loss of the discriminator on one minibatch, with its penalty or without."""
        real, penalty = self.real(rows), self.work.penalty if penalised else ""
        weight = PENALTY_WEIGHT * self.work.penalty_every
        with torch.no_grad(), self.computing():
            fake = self.generator(self.latents(rows.shape[0]))
        real.requires_grad_(penalty in ("r1", "r1_r2"))
        fake.requires_grad_(penalty == "r1_r2")
        with self.computing():
            real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        loss = LOSSES[self.work.loss][0](real_logits, fake_logits).mean()
        for logits, images in ((real_logits, real), (fake_logits, fake)):
            if images.requires_grad:
                (slope,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
                loss = loss + weight / 2 * slope.square().flatten(1).sum(1).mean()
        if penalty == "wgan_gp":
            share = torch.rand(rows.shape[0], 1, 1, 1, device=DEVICE)
            between = torch.lerp(real, fake.float(), share).requires_grad_()
            with self.computing():
                logits = self.discriminator(between)
            (slope,) = torch.autograd.grad(logits.sum(), between, create_graph=True)
            loss = loss + weight * (slope.flatten(1).norm(dim=1) - 1).square().mean()
        return loss

    def generator_loss(self, rows: Tensor) -> Tensor:
        """Loss of the generator on fresh latents, beside the discriminator's last minibatch."""
        with self.computing():
            logits = self.discriminator(self.generator(self.latents(self.work.batch)))
            paired = self.work.loss == "relativistic"
            real_logits = self.discriminator(self.real(rows)) if paired else logits.detach()
        return LOSSES[self.work.loss][1](real_logits.float(), logits.float()).mean()

    def path_loss(self) -> Tensor:
        """Path-length regularisation of StyleGAN2 on a part of a minibatch."""
        styles = self.generator.styles(self.latents(self.work.batch // PATH_SHARE))
        images = self.generator.synthesis(styles)
        noise = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
        (slope,) = torch.autograd.grad((images * noise).sum(), styles, create_graph=True)
        lengths = slope.square().sum(2).mean(1).sqrt()
        self.path_mean.lerp_(lengths.detach().mean(), 1 - PATH_DECAY)
        penalty = (lengths - self.path_mean).square().mean()
        return PATH_WEIGHT * self.work.path_every * penalty

    def step(self) -> None:
        """One whole step: the discriminator's moves, then the generator's."""
        work = self.work
        # Second derivatives cannot be compiled.
        penalised = bool(work.penalty) and self.updates % work.penalty_every == 0
        judged = self.discriminator_loss if penalised else self.discriminator_compiled
        for _ in range(work.discriminator_steps):
            rows = self.batch()
            self._descend(1, judged(rows, penalised))
        if work.generator_steps:
            # Else the backward pass would compute the discriminator's gradients too.
            self.discriminator.requires_grad_(False)
            loss = self.generator_compiled(rows)
            if work.path_every and self.updates % work.path_every == 0:
                loss = loss + self.path_loss()
            self._descend(0, loss)
            self.discriminator.requires_grad_(True)
        if work.average:
            with torch.no_grad():
                newest = list(self.generator.parameters())
                torch._foreach_lerp_(self.average, newest, 1 - AVERAGE_DECAY)
        self.updates += 1

    def _descend(self, player: int, loss: Tensor) -> None:
        self.optimizers[player].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[player].step()


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _wait() -> None:
    """Until the device has done what it was given."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def _peak_bytes() -> int:
    """Most memory of the device so far, or of the process where that is the device."""
    if DEVICE == "cuda":
        return torch.cuda.max_memory_allocated()
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class FlopCounter(TorchDispatchMode):
    """Adds up torch's own FLOP formulas; its FlopCounterMode fails on gradients in the inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation and count it."""
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


class Worker:
    """Holds the newest prepared work."""

    training: Training

    def facts(self) -> dict[str, Any]:
        """Versions and threads."""
        device = torch.cuda.get_device_name() if DEVICE == "cuda" else DEVICE
        return {"torch": torch.__version__, "device": device, "threads": torch.get_num_threads()}

    def prepare(
        self, work: str, variant: str, changes: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Build a work and make its first steps; the first one compiles where there is something to."""
        self.training = training = Training(changed(work, changes), variant)
        began = time.perf_counter()
        for _ in range(min(training.work.period, 2)):  # the first one may have terms of its own
            training.step()
        _wait()
        seconds = time.perf_counter() - began
        flops = None
        if not variant.startswith("compile"):
            with FlopCounter() as counter:
                for _ in range(training.work.period):
                    training.step()
            flops = counter.total / training.work.period
        sizes = {
            "generator": _count(training.generator),
            "discriminator": _count(training.discriminator),
        }
        return {"parameters": sizes, "flops": flops, "compile_seconds": seconds}

    def time(self, count: int) -> dict[str, Any]:
        """Make ``count`` steps."""
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            self.training.step()
        _wait()
        wall = time.perf_counter() - began
        return {
            "seconds_per_step": wall / count,
            "wall_seconds": wall,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": _peak_bytes(),
        }

    def peak(self, repeats: int = 30) -> dict[str, Any]:
        """Best rate of float32 matrix products, FLOP/s."""
        size = peak_size(DEVICE != "cpu")
        x = torch.ones(size, size, device=DEVICE) / size
        y = torch.mm(x, x)
        _wait()
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            torch.mm(x, x, out=y)
            _wait()
            times.append(time.perf_counter() - began)
        return {"flops_per_second": 2 * size**3 / min(times)}


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)  # as XLA does
    if DEVICE == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32, as XLA has it there
    worker = Worker()
    serve({name: getattr(worker, name) for name in ("facts", "prepare", "time", "peak")})
