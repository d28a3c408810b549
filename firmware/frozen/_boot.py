# Frozen into a door's MicroPython in place of the port's file of this name (docs/BOARDS.md): the first that it runs.
import door_flash

door_flash.start()
