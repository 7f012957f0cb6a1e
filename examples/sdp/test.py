"""Runs parley-sdp as a person would: good, broken and missing descriptions."""
import subprocess
import sys
import tempfile

program = sys.argv[1]
GOOD = ("v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sctp-port:5000\r\n"
        "a=x-other:\x1b[31mred\r\n")


def run(*arguments, text=""):
    done = subprocess.run([program, *arguments], input=text.encode(), capture_output=True, timeout=20)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(condition, what):
    if not condition:
        sys.exit("FAILED: " + what)


code, out, err = run("-", text=GOOD)
check(code == 0 and err == "", "a good description on standard input")
tree, text = out.split("\n\nnot fit for WebRTC: media 0: there is no a=ice-ufrag\n\n")
check(text == GOOD, "the text is printed back")
check("media 0" in tree and "protocol=UDP/DTLS/SCTP" in tree, "the section is in the tree")
check("semantics=BUNDLE  mids=[0]" in tree, "a typed attribute is in the tree")
check("(unknown)  value=?[31mred" in tree, "an unknown attribute is marked, and harmless to the terminal")

with tempfile.NamedTemporaryFile("wb", suffix=".sdp") as file:
    file.write(GOOD.replace("m=application 9 ", "m=application 70000 ").encode())
    file.flush()
    code, out, err = run(file.name)
    check(code == 1 and out == "", "a broken description fails")
    check(err == file.name + ": line 6: the port 70000 is larger than 65535 "
          "(m=application 70000 UDP/DTLS/SCTP webrtc-datachannel)\n", "the line is named: " + err)

for missing, reason in (("/does/not/exist.sdp", "No such file or directory"), ("/tmp", "Is a directory")):
    code, out, err = run(missing)
    check(code == 1 and out == "" and err == f"{missing}: {reason}\n", "one clear line: " + err)

code, out, err = run("/dev/null")
check(code == 1 and "the description ends before its v= line" in err, "an empty file is no description")
code, out, err = run()
check(code == 1 and "FILE is required" in err, "no file is a wrong call")
code, out, err = run("--nonsense", "-")
check(code == 1 and out == "" and err != "", "a wrong option is a wrong call")
code, out, err = run("--help")
check(code == 0 and "FILE" in out, "help")
