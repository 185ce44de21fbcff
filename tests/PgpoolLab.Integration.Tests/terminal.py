# Runs a program at a terminal of its own, as a shell with job control would, and types at it. Its argument says what
# to do (JSON); it writes what has come of it.
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

# How long what is expected may take, in seconds.
LIMIT = 300
work = json.loads(sys.argv[1])
master, slave = pty.openpty()


def set_size(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def open_streams():
    for number, stream in enumerate(work["streams"]):
        if stream == "tty":
            os.dup2(slave, number)
        elif stream == "closed":
            os.close(number)
        else:
            file = os.open(stream, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(file, number)
            os.close(file)


def become_program():
    # A test program in the background of a shell without job control ignores those of the keyboard, and so would this.
    for keyboard in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(keyboard, signal.SIG_DFL)
    os.chdir(work["folder"])
    errors = os.dup(2)
    os.set_inheritable(errors, False)
    open_streams()
    os.closerange(errors + 1, 256)
    os.execv(work["arguments"][0], work["arguments"])


def be_shell():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.close(master)
    if work["leads"]:
        os.write(told, b"%d\n" % os.getpid())
        become_program()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    program = os.fork()
    if program == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        become_program()
    os.write(told, b"%d\n" % program)
    _, status = os.waitpid(program, 0)
    os.tcsetpgrp(slave, os.getpid())
    os._exit(os.waitstatus_to_exitcode(status) & 0xff)


set_size(24, 80)
before = termios.tcgetattr(slave)
tell, told = os.pipe()
shell = os.fork()
if shell == 0:
    be_shell()
os.close(told)
program = int(os.read(tell, 100))
text = b""
seen = 0


def listen(seconds):
    global text
    if not select.select([master], [], [], seconds)[0]:
        return False
    text += os.read(master, 65536)
    return True


def give_up(why):
    sys.stderr.write("%s\n%s\n" % (why, text.decode(errors="replace")))
    try:
        os.kill(program, signal.SIGKILL)
    except ProcessLookupError:
        pass
    sys.exit(99)


def expect(what, seconds=LIMIT):
    global seen
    deadline = time.monotonic() + seconds
    while text.find(what, seen) < 0:
        if time.monotonic() > deadline:
            give_up("There was no %r after %r." % (what, text[:seen]))
        listen(0.1)
    seen = text.find(what, seen) + len(what)


for step in work["steps"]:
    if step[0] == "expect":
        expect(step[1].encode())
    elif step[0] == "send":
        os.write(master, step[1].encode())
    elif step[0] == "size":
        set_size(step[1], step[2])
    elif step[0] == "signal":
        os.kill(program, step[1])
    elif step[0] == "file":
        deadline = time.monotonic() + LIMIT
        while not os.path.exists(step[1]):
            if time.monotonic() > deadline:
                give_up("There is no %s." % step[1])
            listen(0.05)
    elif step[0] == "touch":
        open(step[1], "w").close()
    elif step[0] == "pause":
        # Nothing happens, which nothing can show but time.
        listen(1)
    elif step[0] == "switch":
        # As another program of the same pipeline does.
        mode = termios.tcgetattr(slave)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(slave, termios.TCSANOW, mode)
    elif step[0] == "raw":
        # Until what is typed is not taken by lines any more.
        deadline = time.monotonic() + LIMIT
        while termios.tcgetattr(slave)[3] & termios.ICANON:
            if time.monotonic() > deadline:
                give_up("The terminal still takes lines.")
            listen(0.02)

deadline = time.monotonic() + LIMIT
while True:
    ended, status = os.waitpid(shell, os.WNOHANG)
    if ended:
        break
    if time.monotonic() > deadline:
        give_up("It does not end.")
    listen(0.05)
while listen(0):
    pass
after = termios.tcgetattr(slave)
# What somebody else has typed, and nobody has read.
raw = termios.tcgetattr(slave)
raw[3] &= ~(termios.ICANON | termios.ECHO)
termios.tcsetattr(slave, termios.TCSANOW, raw)
os.set_blocking(slave, False)
try:
    typed = os.read(slave, 65536)
except BlockingIOError:
    typed = b""
code = os.waitstatus_to_exitcode(status)
result = {"code": code, "text": text.decode(errors="replace"), "same": before == after}
result |= {"typed": typed.decode(errors="replace"), "terminal": os.ttyname(slave), "device": os.stat(slave).st_rdev}
print(json.dumps(result))
