# MicroPython starts this file, and only as source: everything else is compiled. The loader leaves the heap when it has
# done its work, and comes back, out of flash and not out of the image, when the application has failed.
import sys

import loader

if loader.mount():
    del loader, sys.modules["loader"]
    try:
        import app

        app.main()
    except Exception as error:  # noqa: BLE001 - whatever it was, the door starts again
        sys.path[:] = [""]
        sys.modules.pop("loader", None)
        import loader

        loader.failed(error)
