# MicroPython starts this file, and only as source: everything else is compiled.
import loader

loader.start()
