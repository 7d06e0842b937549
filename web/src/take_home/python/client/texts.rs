//! The texts of the clients, with gaps for what a run decides.

pub(super) const STEPS: &str = "\
@head@
import socket
@import@
import time

ADDRESS = @address@
@say@


@ask@
with socket.socket(@family@) as s:
    s.settimeout(@patience@)  # seconds that one call may wait
    try:
        @named@
        s.connect(ADDRESS)@connects@
        say('connected')
        @steps@
    except OSError as error:
        say(f'{type(error).__name__}: {error}')
    @unnamed@
";

pub(super) const ASK: &str = "\
def ask(s, number, text):
    \"\"\"Sends a numbered message until the reply to it comes.\"\"\"
    message = f'{number} {text}'.encode()
    s.settimeout(@wait@)
    for attempt in range(1, @tries@ + 1):
        s.send(message)
        say(f'sent {message}, try {attempt}')
        try:
            # A reply that comes late, or twice, has another number.
            while not (reply := s.recv(65535)).endswith(b']' + message):
                say(f'recv {reply}: the reply to an earlier one')
            say(f'recv {reply}')
            return
        except socket.timeout:
            say('no reply in time')
    say(f'gave {message} up')


";

pub(super) const TALK_ONCE: &str = "\
s.@send@(LINE)
reply = @reply@
return f', reply {ms()}' if reply else f', closed without a reply {ms()}'
";

pub(super) const TALK: &str = "\
told = ''
for _ in range(@count@):
    s.@send@(LINE)
    reply = @reply@
    told += f', reply {ms()}' if reply else f', closed without a reply {ms()}'
return told
";

pub(super) const MANY: &str = "\
@head@
@imports@

ADDRESS = @address@
CLIENTS = @clients@
LINE = @line@
start = time.monotonic()


def ms():
    return f'{(time.monotonic() - start) * 1000:.1f}'


def talk(s):
    \"\"\"Sends the line and reads its reply@messages@.\"\"\"
    @reader@
    @talk@


def client(number):
    told = f'client {number:2}: start {ms()}'
    try:
        @body@
    except OSError as error:
        told += f', {type(error).__name__} {ms()}'
    sys.stdout.write(f'{told} ms\\n')  # in one go: the others write as well


threads = [threading.Thread(target=client, args=(n,)) for n in range(1, CLIENTS + 1)]
for thread in threads:
    thread.start()
    @stagger@
for thread in threads:
    thread.join()
";

pub(super) const MANY_BODY: &str = "\
with socket.socket(@family@) as s:
    @connect@
    told += f', connected {ms()}'
    s.settimeout(@reply@)
    @talk@
";

pub(super) const CONNECT: &str = "\
s.settimeout(@connect@)
s.connect(ADDRESS)
";

pub(super) const CONNECT_AT_ONCE: &str = "\
s.setblocking(False)
error = s.connect_ex(ADDRESS)  # does not wait, and says so
told += f', connect says {errno.errorcode.get(error, 0)}'
if error == errno.EINPROGRESS:
    # TCP goes on by itself; the socket can be written when it is connected.
    select.select([], [s], [], @connect@)
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
if error:
    raise OSError(error, os.strerror(error))
s.getpeername()  # fails where it is still not connected
";

pub(super) const CALLS: &str = "\
@head@
import errno
@import@
import socket
import time

ADDRESS = @address@


def call(text, function, *arguments):
    \"\"\"Calls it, and says what it returned and how long that took.\"\"\"
    before = time.monotonic()
    try:
        result = shown = function(*arguments)
    except OSError as error:
        result, shown = None, errno.errorcode.get(error.errno, error)
    print(f'{(time.monotonic() - before) * 1000:8.1f} ms  {text}: {shown}', flush=True)
    return result


with socket.socket(@family@) as s:
    @calls@
";
