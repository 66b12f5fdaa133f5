"""Cells spread over this process, several processes of this machine, or a Ray cluster.

Workers compute; only the process that was started writes results, each under a temporary name first. A worker's
unfinished training lies in the sweep's folder, which a cluster's nodes have to share for it to be found again.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

import torch

from dfsc.errors import DFSCError
from dfsc.sweeps.cells import Cell, result_file, unfinished_folder, write_result
from dfsc.sweeps.workbench import Workbench


def missing(cells: list[Cell], folder: Path) -> list[Cell]:
    """The cells without a result yet."""
    return [cell for cell in cells if not result_file(folder, cell).is_file()]


def run_missing(cells: list[Cell], folder: Path, workers: int = 1, ray: str | None = None) -> Iterator[Cell]:
    """Compute what is missing and write it, yielding each cell as it is done.

    Args:
        workers: processes, or Ray tasks at a time; the machine's cores are divided among them.
        ray: "local" starts Ray on this machine, anything else is the address of a running cluster.

    Raises:
        DFSCError: whatever stops a cell (but divergence, which is a result), or Ray missing.
    """
    todo = missing(cells, folder)
    if ray:
        results = _by_ray(todo, folder, workers, ray)
    elif workers > 1:
        results = _by_processes(todo, folder, workers)
    else:
        results = ((cell, _bench().compute(cell, unfinished_folder(folder, cell))) for cell in todo)
    for cell, result in results:
        write_result(folder, cell, result)
        yield cell


@cache
def _bench() -> Workbench:
    """This process's workbench, which tells on standard error how a long training goes."""
    return Workbench(tell=lambda line: sys.stderr.write(line + "\n"))


def _compute(cell: Cell, folder: Path, threads: int) -> dict:
    """One cell in a worker."""
    torch.set_num_threads(threads)
    return _bench().compute(cell, unfinished_folder(folder, cell))


def _threads_each(workers: int) -> int:
    return max(1, (os.cpu_count() or 1) // workers)


def _by_processes(cells: list[Cell], folder: Path, workers: int) -> Iterator[tuple[Cell, dict]]:
    # torch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running = {pool.submit(_compute, cell, folder, _threads_each(workers)): cell for cell in cells}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        except BrokenProcessPool as error:
            raise DFSCError("A worker process died, perhaps for want of memory; try fewer workers.") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _by_ray(cells: list[Cell], folder: Path, workers: int, address: str) -> Iterator[tuple[Cell, dict]]:
    try:
        import ray
    except ImportError as error:
        raise DFSCError("The package ray is not installed; install it, or leave out --ray.") from error
    threads = _threads_each(workers)
    here = {"env_vars": {"PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}}
    local = {"num_cpus": workers * threads, "include_dashboard": False}
    place = local if address == "local" else {"address": address}
    ray.init(**place, runtime_env=here, log_to_driver=False, logging_level="error")
    try:
        task = ray.remote(num_cpus=threads, max_retries=3)(_compute)
        running = {task.remote(cell, folder.resolve(), threads): cell for cell in cells}
        while running:
            (done,), _ = ray.wait(list(running), num_returns=1)
            yield running.pop(done), ray.get(done)
    except ray.exceptions.RayTaskError as error:
        # The cause without the remote traceback around it.
        raise error.cause from error
    finally:
        ray.shutdown()
