"""Work spread over several processes of this machine, or over a Ray cluster, whose nodes have to share the folders."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from dfsc.errors import DFSCError
from dfsc.machine import Device, gpu_share

LOCAL = "local"
# Pieces of work that are handed out to each worker before the first one's result is taken.
AHEAD = 3

Task = TypeVar("Task")
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def in_order(
    compute: Callable[[Task, Item], Outcome],
    task: Task,
    items: Iterable[Item],
    workers: int,
    ray: str | None = None,
    device: Device | None = None,
) -> Iterator[Outcome]:
    """What each item comes to, in the items' order; only a few items are looked at ahead.

    Args:
        compute: a function of the task, which is the same for all, and an item; it can be pickled, as can all of them.
        workers: processes, or Ray tasks at a time.
        ray: see `cluster`; a task whose worker dies is tried again there.
        device: where they compute, for a Ray task's share of a GPU.

    Raises:
        DFSCError: what `compute` raises, Ray missing, or a worker that died.
    """
    if ray:
        with cluster(ray, workers) as there:
            submit = partial(remote(there, compute, workers, device), task)
            yield from _in_order(submit, there.get, items, AHEAD * workers)
    else:
        with processes(workers) as pool:
            yield from _in_order(lambda item: pool.submit(compute, task, item), Future.result, items, AHEAD * workers)


def _in_order(
    submit: Callable[[Any], Any], result: Callable[[Any], Any], items: Iterable[Any], ahead: int
) -> Iterator[Any]:
    waiting: deque = deque()
    for item in items:
        waiting.append(submit(item))
        if len(waiting) >= ahead:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that compute; whatever ends the block early ends them at once.

    Raises:
        DFSCError: when one of them dies.
    """
    # torch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_follow_parent) as pool:
        try:
            yield pool
        except BaseException as error:
            for worker in multiprocessing.active_children():
                worker.terminate()
            if isinstance(error, BrokenProcessPool):
                raise DFSCError(
                    "A worker process died, perhaps for want of memory; the same command goes on, with fewer workers "
                    "if it was memory."
                ) from error
            raise


@contextmanager
def cluster(address: str, workers: int) -> Iterator[Any]:
    """The package ray, connected: "local" starts it on this machine, else to a running cluster's address.

    Raises:
        DFSCError: where it is not installed or loses a worker; what a task raises, without the traceback around it.
    """
    try:
        import ray
    except ImportError as error:
        raise DFSCError("The package ray is not installed; install it, or leave out --ray.") from error
    package = str(Path(__file__).parents[1])
    here = {"env_vars": {"PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])}}
    local = {"num_cpus": workers * threads_each(workers), "include_dashboard": False}
    place = local if address == LOCAL else {"address": address}
    ray.init(**place, runtime_env=here, log_to_driver=False, logging_level="error")
    try:
        yield ray
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise DFSCError("Ray lost a worker, perhaps for want of memory; the same command goes on.") from error
    finally:
        ray.shutdown()


def remote(ray: Any, compute: Callable, workers: int, device: Device | None) -> Callable:
    """Gives a function's arguments to a Ray task and returns a reference to its result."""
    gpus = gpu_share(device, workers) if ray.cluster_resources().get("GPU") else 0
    return ray.remote(num_cpus=threads_each(workers), num_gpus=gpus, max_retries=3)(compute).remote


def threads_each(workers: int) -> int:
    """This machine's cores divided among workers."""
    return max(1, len(os.sched_getaffinity(0)) // workers) if hasattr(os, "sched_getaffinity") else 1


def _follow_parent() -> None:
    """In a worker: leave Ctrl-C to the parent, and end with it, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_it() -> None:
        if parent:
            parent.join()
        os._exit(1)

    Thread(target=end_with_it, daemon=True).start()
