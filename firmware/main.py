# MicroPython starts this file, and only as source: everything else is compiled.
import gc

gc.threshold(2048)  # keep the heap compact while what stays is loaded into it
import app  # noqa: E402

app.main()
