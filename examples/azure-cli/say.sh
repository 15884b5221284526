# Sourced by lock-down.sh: how a command is shown, and what is a surprise.
# shellcheck shell=bash
commands=0

fail() {
  printf '\nlock-down: %s\n' "$*" >&2
  exit 1
}

heading() { printf '\n== %s\n' "$*"; }

# The command as it would be typed; the administrator's secret is not shown.
show() {
  commands=$((commands + 1))
  printf '\n$'
  local word
  for word in "$@"; do
    if [ "$word" = "${secret-}" ]; then word="\$SECRET"; fi
    case $word in
      *[!A-Za-z0-9_./:=@,\$-]*) printf " '%s'" "${word//\'/\'\\\'\'}" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
}

# run COMMAND…: it must succeed.
run() {
  show "$@"
  "$@" || fail "this should have succeeded"
}

# shows TEXT COMMAND…: it must succeed and print TEXT.
shows() {
  local text=$1 output
  shift
  show "$@"
  output=$("$@" 2>&1) || fail "this should have succeeded: $output"
  printf '%s\n' "$output"
  [[ $output == *"$text"* ]] || fail "it should have shown: $text"
}

# eventually TEXT COMMAND…: the same, at once or some seconds later. A deletion and a recovery take their time, as on Azure.
eventually() {
  local text=$1 output
  shift
  show "$@"
  for _ in $(seq 20); do
    if output=$("$@" 2>&1) && [[ $output == *"$text"* ]]; then
      printf '%s\n' "$output"
      return
    fi
    sleep 0.2
  done
  fail "it should have shown: $text. The last time it was: $output"
}

# hides TEXT COMMAND…: it must succeed and not print TEXT.
hides() {
  local text=$1 output
  shift
  show "$@"
  output=$("$@" 2>&1) || fail "this should have succeeded: $output"
  printf '%s\n' "$output"
  [[ $output != *"$text"* ]] || fail "it should not have shown: $text"
}

# refused TEXT COMMAND…: it must fail, and az must print TEXT.
refused() {
  local text=$1 output
  shift
  show "$@"
  if output=$("$@" 2>&1); then fail "this should have been refused: $output"; fi
  printf '%s\n' "$output"
  [[ $output == *"$text"* ]] || fail "it should have been refused with: $text"
}
