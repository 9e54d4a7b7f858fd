"""Power cuts: what a disk may hold after each call of a command, and whether that loses anything.

In the manner of ALICE and CrashMonkey (Pillai et al., OSDI 2014; Mohan et al., OSDI 2018): the
system calls of a real command are recorded, a disk in memory follows them, and after each one all
states in which a power cut might leave that disk are written out, opened and gone on with.
"""
