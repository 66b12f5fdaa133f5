"""Groups of cells spread over this process, several processes of this machine, or a Ray cluster.

Whoever computes a cell writes its result, under a temporary name first, and only then forgets its unfinished training,
so what is killed loses no more than what it learned since its last save. A cluster's nodes have to share the folders.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

from dfsc.errors import DFSCError
from dfsc.files import claimed
from dfsc.machine import Device, chosen, give_back
from dfsc.sweeps.cells import Cell, result_file, unfinished_folder, write_result
from dfsc.sweeps.groups import Group, divided
from dfsc.sweeps.workbench import Workbench
from dfsc.training.unfinished import forget
from dfsc.workers import cluster, processes, remote, threads_each


def missing(cells: list[Cell], folder: Path) -> list[Cell]:
    """The cells without a result yet."""
    return [cell for cell in cells if not result_file(folder, cell).is_file()]


def run_missing(
    cells: list[Cell],
    folder: Path,
    workers: int = 1,
    ray: str | None = None,
    device: Device | None = None,
) -> Iterator[Group]:
    """Compute what is missing and write it, yielding the cells that were computed together as they are done.

    Args:
        workers: processes, or on this machine Ray tasks at a time; its cores are divided among them.
        ray: "local" starts Ray on this machine, anything else is the address of a running cluster.
        device: where each worker computes (see dfsc.training.recipe.start). On this machine all of them share a GPU,
            memory included; a Ray task is given a worker's share of one, and looks for its device where it runs.

    Raises:
        DFSCError: whatever stops a cell (but divergence, which is a result), Ray missing, or a sweep that is running
            in the folder already. The other cells' trainings go on where they were the next time.
    """
    if workers < 1:
        raise DFSCError(f"A sweep needs at least one worker, not {workers}.")
    with _alone(folder):
        groups = divided(missing(cells, folder), workers)
        if ray:
            yield from _by_ray(groups, folder.resolve(), workers, ray, device)
        elif workers > 1:
            chosen(device)
            yield from _by_processes(groups, folder, workers, device)
        else:
            for group in groups:
                _compute(group, folder, device)
                yield group


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second sweep out of the folder, where the system has file locks."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        if not claimed(lock):
            raise DFSCError(f"Another sweep is running in {folder}; wait for it, or name another folder.")
        yield


@cache
def _bench(device: Device | None) -> Workbench:
    """This process's workbench, which tells on standard error how a long training goes."""
    return Workbench(tell=lambda line: print(line, file=sys.stderr), device=device)


def _compute(group: Group, folder: Path, device: Device | None = None, threads: int | None = None) -> None:
    """Cells that are computed together, from their images to their files."""
    if threads:
        torch.set_num_threads(threads)
    unfinished = {cell.name: unfinished_folder(folder, cell) for cell in group}
    results = _bench(device).compute(group, unfinished)
    for cell in group:
        write_result(folder, cell, results[cell.name])
        forget(unfinished[cell.name])
    give_back()


def _by_processes(groups: list[Group], folder: Path, workers: int, device: Device | None) -> Iterator[Group]:
    todo = list(reversed(groups))
    running: dict = {}
    with processes(workers) as pool:
        while todo or running:
            while todo and len(running) < workers:
                group = todo.pop()
                running[pool.submit(_compute, group, folder, device, threads_each(workers))] = group
            yield from _finished(running)


def _finished(running: dict[Future, Group]) -> Iterator[Group]:
    """Wait for some to be done and take them out."""
    for done in wait(running, return_when=FIRST_COMPLETED).done:
        done.result()
        yield running.pop(done)


def _by_ray(groups: list[Group], folder: Path, workers: int, address: str, device: Device | None) -> Iterator[Group]:
    with cluster(address, workers) as ray:
        submit = remote(ray, _compute, workers, device)
        running = {submit(group, folder, device, threads_each(workers)): group for group in groups}
        while running:
            (done,), _ = ray.wait(list(running), num_returns=1)
            ray.get(done)
            yield running.pop(done)
