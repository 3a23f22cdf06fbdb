# shellcheck shell=bash disable=SC2154
# To be sourced by the quickstart and its round: how people get in.
#
# Each person of the office has a directory below "$people": PERSON, where vigilctl keeps the key
# and the access of that person (VIGIL_ACCESS), and PERSON.password, mode 0400. Secrets pass from
# file to file: never through a command line, where every process could read them, nor the output.
# Needs vigilctl and vigil-field on the path, VIGIL_SERVER, and VIGIL_CA or VIGIL_PLAIN_TEXT.

# quietly COMMAND…: shows what it printed only if it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || { printf '%s\n' "$output" >&2 && return 1; }
}

# vigilctl_as PERSON WORD…: vigilctl of that person.
vigilctl_as() {
  local person=$1
  shift
  VIGIL_ACCESS="$people/$person" vigilctl "$@"
}

# make_password FILE: 144 random bits, in characters that can be typed.
make_password() {
  rm -f "$1"
  (umask 0377 && head -c 18 /dev/urandom | base64 >"$1")
}

# sign_in PERSON: with the password that is in the file; nothing to do while the access lasts.
sign_in() {
  ! vigilctl_as "$1" whoami >/dev/null 2>&1 || return 0
  quietly vigilctl_as "$1" sign-in --person "$1" --password-file "$people/$1.password"
}

# begin_office PERSON CODE_FILE: chooses a password with the one-time code, and signs in with it.
begin_office() {
  mkdir -p "$people"
  make_password "$people/$1.password"
  quietly vigilctl_as "$1" set-password --person "$1" --code-file "$2" \
    --password-file "$people/$1.password"
  sign_in "$1"
}

# enrol_office PERSON: a person of the office, whom the administrator invites. Once is enough.
enrol_office() {
  if [[ ! -s $people/$1.password ]]; then
    invite "$1" "$people/$1.code" --office
    begin_office "$1" "$people/$1.code"
    rm -f "$people/$1.code"
  fi
  sign_in "$1"
}

# enrol_phone PERSON DIRECTORY: the phone in DIRECTORY becomes that person's, with a one-time code.
enrol_phone() {
  local trust=(--plain-text)
  [[ -z ${VIGIL_CA:-} ]] || trust=(--ca "$VIGIL_CA")
  invite "$1" "$2.code"
  quietly vigil-field init --phone "$2" --server "$VIGIL_SERVER" "${trust[@]}" \
    --code-file "$2.code" --label "phone of $1"
  rm -f "$2.code"
}

# invite PERSON FILE OPTION…: writes a one-time code.
invite() {
  local person=$1 file=$2
  shift 2
  rm -f "$file"
  quietly vigilctl_as admin person invite "$person" --out "$file" "$@"
}
