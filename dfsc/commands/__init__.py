"""One module a command, each with NAME, HELP, add_arguments(parser) and run(options), which gives the exit status."""

from dfsc.commands import benchmark, distill, evaluate, inspect, pull, push, render, study, sweep, train

COMMANDS = (inspect, train, evaluate, sweep, study, benchmark, distill, render, push, pull)
