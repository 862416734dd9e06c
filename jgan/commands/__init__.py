"""What the commands of ``jgan`` do, as Python functions of the same names.

A command's file in ``jgan.cli`` derives its flags from the function's signature and docstring, calls the
function and prints what comes back.
"""
