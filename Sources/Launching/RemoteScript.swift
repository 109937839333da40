/// The shell script that prepares a host and starts its worker. It reads the commands of the coordinator from standard
/// input, and answers in lines that begin with ``marker``.
///
/// The script itself also arrives on standard input, so that the user's login shell, which may be any, sees only one
/// short line (``command(for:)``). It needs a POSIX shell and GNU's coreutils.
///
/// The file `checked` holds the inodes, sizes and times of files whose SHA-256 was right: the system sets the time of
/// the last change, so unchanged files need not be read again.
package enum RemoteScript {
  static let marker = "atelier-launch: "

  /// Returns the command for ssh, which runs a script of the given length from standard input.
  package static func command(for script: String) -> String { "exec sh -c 'eval \"$(head -c \(script.utf8.count))\"'" }

  /// - Parameters:
  ///   - files: the program's files
  ///   - arguments: of `atelier worker`; plain words
  package static func text(_ files: ProgramFiles, arguments: [String]) -> String {
    """
    say() { printf '\\n\(marker)%s\\n' "$*"; }
    fail() { say failed "$*"; exit 1; }
    umask 077
    set -- ${SSH_CONNECTION:-}
    say hello "$(uname -m)" "${1:-}" "${3:-}"
    for tool in sha256sum head mv chmod stat; do
      command -v $tool >/dev/null || fail "the command $tool is missing"
    done
    cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/atelier/programs
    dir=$cache/\(files.folderName)
    reason=$(mkdir -p "$dir/lib" 2>&1) ||
      fail "$reason; in sessions of ssh, the variable XDG_CACHE_HOME can name another folder"
    sum() { { sha256sum <"$dir/$1"; } 2>/dev/null; }
    state() {
      cd "$dir" && LC_ALL=C stat -c '%n %i %s %y %z' \(files.required.map(\.name).joined(separator: " ")) 2>&1
      cd - >/dev/null
    }
    check() {
      absent=
      [ "$(state)" != "$(cat "$dir/checked" 2>/dev/null)" ] || return
      while read -r sum name; do [ "$(sum "$name")" = "$sum  -" ] || absent="$absent $name"; done <<END
    \(files.required.map { "\($0.digest) \($0.name)" }.joined(separator: "\n"))
    END
    }
    trace() {
      say missing $(LD_TRACE_LOADED_OBJECTS=1 LD_LIBRARY_PATH=$dir/lib "$dir/atelier" 2>/dev/null |
        while read -r name arrow path; do case $path in 'not found'*) echo "$name" ;; esac; done)
    }
    check
    if [ -n "$absent" ]; then
      # Parts of files of copies that were interrupted by a failure of the host.
      find "$dir" -maxdepth 1 -name '.[0-9]*' -mmin +60 -exec rm -f {} +
      say absent $absent
    else
      state >"$dir/checked"
      trace
    fi
    while read -r verb name size sum; do
      case $verb in
        file)
          head -c "$size" >"$dir/.$$" && [ "$(sum .$$)" = "$sum  -" ] && chmod 700 "$dir/.$$" &&
            mv -f "$dir/.$$" "$dir/$name" ||
            { rm -f "$dir/.$$"; fail "cannot store $dir/$name: is the disk full?"; } ;;
        trace)
          state >"$dir/checked"
          trace ;;
        run)
          touch "$dir"
          find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} + 2>/dev/null
          LD_LIBRARY_PATH=$dir/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
          export LD_LIBRARY_PATH
          # Without exec: ssh reports the status of its command, but not a signal that ended it.
          "$dir/atelier" worker --join - \(arguments.joined(separator: " ")) ${name:+--exchange "$name"}
          exit ;;
      esac
    done
    exit 0

    """
  }
}
