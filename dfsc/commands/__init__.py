"""One module a command, each with NAME, HELP, add_arguments(parser) and run(options), which gives the exit status."""

from dfsc.commands import benchmark, distill, evaluate, inspect, render, train

COMMANDS = (inspect, train, evaluate, benchmark, distill, render)
