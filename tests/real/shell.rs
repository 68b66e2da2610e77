//! coreutils and shells.

use super::{command, files, transparent};

/// Runs a script of bash among files.
fn script(text: &str) {
    let folder = files(2000);
    if let Some(run) = command(folder.path(), &["bash", "-c", text]) {
        run.transparent();
    }
}

#[test]
fn coreutils() {
    let folder = files(2000);
    for words in [
        &["ls", "-l", "/usr/bin"][..],
        &["sort", "-n", "text"],
        &["sort", "--parallel=4", "-S", "64K", "text"],
        &["sha256sum", "text", "noise", "missing"],
        &["md5sum", "noise"],
        &["dd", "if=noise", "bs=1000", "count=5", "status=none"],
        &["wc", "text", "noise"],
        &["cut", "-d ", "-f2,3", "text"],
        &["od", "-An", "-tf8", "noise"],
        &["seq", "-f", "%.3f", "0", "0.1", "50"],
        &["factor", "1234567891011", "18446744073709551557"],
        &["printf", "%.10f %s\\n", "3.25", "x"],
        &["base64", "noise"],
        &["env"],
        &["false"],
        &["timeout", "0.2", "sleep", "5"],
        &["timeout", "-s", "KILL", "0.2", "sleep", "5"],
        &["nice", "-n", "3", "nice"],
        &["stdbuf", "-oL", "head", "-3", "text"],
        &["cat", "missing"],
        &["find", "/etc", "-maxdepth", "1", "-name", "p*"],
        &["grep", "-c", "-E", "9+ line [0-9]*7 ", "text"],
        &["sed", "-n", "s/line \\([0-9]*\\)/<\\1>/p", "text"],
        &["awk", "{ s += $1 * 1.5 } END { printf \"%.3f\\n\", s; print length($0), sqrt(s) }", "text"],
        &["tar", "-cf", "-", "--mtime=@0", "--owner=0", "--group=0", "text"],
    ] {
        if let Some(run) = command(folder.path(), words) {
            run.transparent();
        }
    }
}

#[test]
fn pipes_subshells_and_substitutions() {
    script("cat text | sort -n | uniq -c | (read a; echo $a; wc -l) ; echo $(echo $(echo nested)) `false || echo no`");
    script("diff <(sort text) <(sort -r text | sort); echo $? ${PIPESTATUS[@]}; yes | head -2; echo ${PIPESTATUS[@]}");
    script("f() { local n=$1; ((n < 2)) && echo 1 || echo $(( n * $(f $((n - 1))) )); }; f 6");
}

#[test]
fn traps_and_signals() {
    script("trap 'echo usr1' USR1; trap 'echo left; exit 7' EXIT; kill -USR1 $$; (kill -USR1 $$); echo end");
    script("trap 'echo term' TERM; sleep 5 & p=$!; kill $p; wait $p; echo $?; kill $$; echo on");
    // Without bash's own words about it, which name processes.
    script("{ (kill -SEGV $BASHPID); echo $?; (kill -ABRT $BASHPID); echo $?; } 2> /dev/null; kill -KILL $$");
    script("sleep 5 & kill -STOP $!; kill -CONT $!; kill $!; wait $! 2> /dev/null; echo $?");
    script("set -m; sleep 0.1 & wait; (exec sh -c 'exit 9'); echo $?; exec sh -c 'echo replaced; exit 4'");
}

#[test]
fn background_jobs() {
    script(
        "for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$i; exit $i) & p+=($!); done; for i in ${p[@]}; do wait $i; echo $?; done",
    );
    script(
        "coproc cat; p=$COPROC_PID; echo hello >&${COPROC[1]}; read -u ${COPROC[0]} x; echo $x; \
         eval \"exec ${COPROC[1]}>&-\"; wait $p; exec 3<text; read -u 3 y; echo $y",
    );
}

#[test]
fn other_shells() {
    transparent(&["sh", "-c", "for i in 1 2 3; do echo $i; done | while read x; do echo \"<$x>\"; done; exit 3"]);
    transparent(&["xargs", "--version"]);
    transparent(&["bash", "-c", "seq 50 | xargs -P 4 -n 5 sh -c 'exit 0'; echo $?; seq 10 | xargs -n 3 echo"]);
}
