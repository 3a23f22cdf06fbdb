#!/usr/bin/env bash
# The field round of the quickstart: two phones and an office, separate processes, one register.
#
#   deploy/round/round.sh ab|ba DIRECTORY
#
# The first word says which phone synchronises first afterwards. The phones live in DIRECTORY, and
# so do people (see people.sh), of whom the administrator is signed in already, and ledger.txt, the
# ledger as it stands after the round. Needs vigilctl and vigil-field on the path, VIGIL_SERVER, and
# VIGIL_CA or VIGIL_PLAIN_TEXT.
#
# Exit: 0 the round ended and all three replicas are equal; 1 something else.
set -euo pipefail
# Otherwise a failure within $(…) would go unseen.
shopt -s inherit_errexit
export LC_ALL=C.UTF-8
# shellcheck source=deploy/round/people.sh
source "$(dirname "${BASH_SOURCE[0]}")/people.sh"

# value KEY: the first value of that key in the JSON on standard input, nothing if there is none.
# Reads to the end: a pipe that closes early would kill the program that writes into it.
value() {
  { grep -o "\"$1\":\(\"[^\"]*\"\|[^,}]*\)" || true; } | sed -n '1{s/^[^:]*://;s/"//g;p}'
}

say() { printf '\n%s\n' "$1"; }
step() { printf '  %s\n' "$1"; }

phone() {
  local which=$1
  shift
  vigil-field --phone "$directory/phone-$which" "$@"
}

# not_permitted COMMAND…: must be refused because of the person's roles.
not_permitted() {
  local output
  ! output=$("$@" 2>&1) && [[ $output == *NOT_PERMITTED* ]] && return
  printf '%s\n' "$output" "This should have been refused: $*" >&2
  return 1
}

# first_hazard OPTION…: the number of the first hazard that the ledger finds.
first_hazard() { vigilctl ledger "$@" --page-size 1 --json | value number; }

# order_hazard OPTION…: the number of the hazard of the first order found.
order_hazard() { vigilctl orders "$@" --json | value hazard_number; }

# check WHAT EXPECTED ACTUAL: what the round says must be what the register holds.
check() {
  [[ $3 == "$2" ]] && return
  echo "The round went otherwise: $1 should be '$2', the register says '$3'." >&2
  return 1
}

# state HAZARD FIELD
state() { vigilctl show "$1" --json | value "$2"; }

# The ledger as it stands, without the numbers that the register hands out: those follow arrival.
ledger_lines() {
  local text='"\(description\|status\|grade\)":"[^"]*"'
  local flag='"\(tagged\|tag_in_doubt\|finished\)":[a-z]*'
  local date='"year":[0-9]*,"month":[0-9]*,"day":[0-9]*' conflicts='"conflicts":\[[^]]*\]'
  # A hazard begins with its description; whatever follows is put on its line.
  vigilctl ledger --all --json | grep -o "$text\|$flag\|$date\|$conflicts" |
    tr '\n' ' ' | sed 's/"description":/\n&/g' | sort
}

# person ROLE UNIT: the code of somebody who has this role there.
person() { vigilctl_as admin people --role "$1" --unit "$2" --json | value code; }

# introduce PERSON: signs somebody in and says how much he sees, and by which roles.
introduce() {
  local all seen roles
  enrol_office "$1"
  seen=$(vigilctl_as "$1" ledger --page-size 1 --json | value total_size)
  all=$(vigilctl_as admin ledger --page-size 1 --json | value total_size)
  roles=$(vigilctl_as "$1" whoami | sed -n 's/^role: \(.* @ [^ ]*\).*/\1/p' | paste -sd ,)
  step "$(printf '%-12s sees %3d of %d hazards   %s' "$1" "$seen" "$all" "${roles//,/, }")"
}

# Each acts for himself from here on; the administrator only lets people in.
make_people() {
  local moved
  department=$(person industry_department "$(state "$submitted" supervising_unit)")
  responsible=$(person responsible_unit "$(state "$submitted" responsible_unit)")
  moved=$(order_hazard --status transferred)
  receiver=$(person receiver "$(state "$moved" responsible_unit)")
  local person
  for person in safety-01 "$department" "$responsible" "$receiver" auditor-01; do
    [[ -n $person ]] || { echo "the data has nobody for a part of the round" >&2 && return 1; }
    introduce "$person"
  done
  export VIGIL_ACCESS=$people/safety-01
}

# Makes the two phones. Both inspectors work everywhere and verify too.
make_phones() {
  local which person
  for which in a b; do
    person=inspector-01
    [[ $which == a ]] || person=inspector-02
    enrol_phone "$person" "$directory/phone-$which"
    quietly phone "$which" sync
    check "phone $which complete" true "$(phone "$which" status --json | value complete)"
    step "phone $which ($person): $(phone "$which" status --json | value records) records, complete"
  done
}

choose_hazards() {
  shared=$(first_hazard --status confirmed --tagged no)
  reported=$(first_hazard --status reported)
  submitted=$(first_hazard --status submitted --tagged no)
  passed=$(order_hazard --status passed)
  rectifying=$(first_hazard --status rectifying --tagged yes)
  late=$(first_hazard --status confirmed --tagged no --sort 'number desc')
  local name
  for name in shared reported submitted passed rectifying late; do
    [[ -n ${!name} ]] && continue
    echo "the data has no hazard for the part '$name' of the round"
    return 1
  done
  site=$(state "$submitted" risk_source)
}

offline_work() {
  say "The phones are offline now. On phone a, Inspector 01 …"
  ! phone a sync --server 127.0.0.1:1 >/dev/null 2>&1 || return 1
  quietly phone a edit "$shared" --set 'category=slope drainage'
  step "writes the category of $shared;"
  quietly phone a edit "$reported" --set 'description=Crack of 6 m along the crest, opening'
  quietly phone a edit "$reported" --set grade=major
  step "describes $reported anew, and raises it to a major hazard;"
  quietly phone a inspect "$site" --remark 'after rain' --signature-refused 'nobody on site'
  quietly phone a report --source "$site" --description 'Round: seepage at the toe of the slope'
  step "inspects a site and reports a new hazard there, under a provisional number;"
  quietly phone a verify "$submitted" --passed --opinion 'works as it should'
  step "verifies the rectification of $submitted."
  say "On phone b, Inspector 02 …"
  quietly phone b edit "$shared" --set 'interim_controls=path closed, tape and signs'
  step "writes the interim controls of $shared;"
  quietly phone b edit "$reported" --set 'description=Tension crack above the path, about 5 m'
  step "describes $reported in other words;"
  quietly phone b inspect "$site" --remark 'before the rain' --signature-refused 'nobody on site'
  quietly phone b report --source "$site" --description 'Round: loose rock above the fence'
  step "inspects the same site and reports another hazard;"
  lift_by_phone "$rectifying"
  step "sends a command to lift the tag of $rectifying (a manipulated phone would);"
  quietly phone b recur "$passed" --description 'Round: seeping again below the wall'
  step "sees that $passed is dangerous again."
}

# A command that the phone's own rules refuse: only the register's refusal counts.
lift_by_phone() {
  local order
  order=$(vigilctl orders --hazard "$1" --json | value record)
  printf '{"lift_tag":{"order":"%s","from_status":"ORDER_STATUS_PASSED"}}\n' "$order" \
    >"$directory/lift.json"
  quietly phone b queue "$directory/lift.json" --unchecked
}

office_work() {
  say "Meanwhile the office, which knows nothing of this, …"
  quietly vigilctl confirm "$reported" --grade general --unit "$unit" --due "$next_year"
  step "confirms $reported as a general hazard;"
  quietly vigilctl_as "$department" tag propose "$submitted" --level city
  quietly vigilctl tag issue "$submitted" --level city --number '督字〔2026〕1号' \
    --signatory 'deputy head of the bureau' --content 'rectify and verify by the date' \
    --plan-due "$next_year" --due "$next_year"
  quietly vigilctl_as "$responsible" tag serve "$submitted" --received-by 'head of the unit'
  step "puts $submitted under tagged supervision:"
  step "  $department proposes, safety-01 issues the notice, $responsible signs the receipt;"
  not_permitted vigilctl_as "$responsible" lift "$submitted"
  step "  $responsible would have it lifted and is refused: only the safety office may;"
  quietly vigilctl lift "$passed"
  step "lifts the tag of $passed;"
  quietly vigilctl edit "$late" --set "due_date=$yesterday"
  quietly vigilctl escalation tick
  step "learns that the due date of $late has passed: E4 fires, once."
}

sync_phone() {
  local report now_applied now_merged now_refused
  report=$(phone "$1" sync --server "$VIGIL_SERVER" --json)
  now_applied=$(value applied <<<"$report")
  now_merged=$(value merged <<<"$report")
  now_refused=$(value refused <<<"$report")
  applied=$((applied + now_applied))
  merged=$((merged + now_merged))
  refused=$((refused + now_refused))
  step "phone $1: $now_applied applied, $now_merged merged, $now_refused refused"
}

tell() {
  local found
  check "the category of $shared" 'slope drainage' "$(state "$shared" category)"
  check "the interim controls of $shared" 'path closed, tape and signs' \
    "$(state "$shared" interim_controls)"
  check "what is in conflict in $shared" '[]' "$(state "$shared" conflicts)"
  check "the grade of $reported" HAZARD_GRADE_MAJOR "$(state "$reported" grade)"
  check "$submitted rectified" true "$(state "$submitted" rectified)"
  check "$submitted finished" false "$(state "$submitted" finished)"
  check "$passed tagged" true "$(state "$passed" tagged)"
  check "the tag of $passed in doubt" true "$(state "$passed" tag_in_doubt)"
  found=$(vigilctl ledger --text 'Round: ' --json | grep -o '"number":"[^"]*"' | cut -d'"' -f4 |
    sort | paste -sd ' ')
  say "What the register says now:"
  step "(a) $shared holds both edits: no conflict."
  step "(b) $reported: two descriptions are kept, and the graver grade is in force:\
 major."
  step "(c) two inspections and two new hazards, numbered by the register: $found."
  step "(d) $submitted was verified and tagged at the same time: rectified, still tagged, not\
 closed."
  step "(e) the phone's command to lift a tag was refused:"
  phone b attention | sed 's/^/        /'
  step "(f) $passed: the tag was lifted while it was dangerous again. The lift is in doubt, the\
 hazard stays tagged (tag in doubt)."
  step "(g) $late:"
  vigilctl escalation list | sed 's/^/        /'
}

# How often a hazard was found overdue (E4); the ladder's other steps follow from it.
overdue_count() {
  vigilctl escalation list --past --json |
    { grep -o '"step":"ESCALATION_STEP_E4_OVERDUE"' || true; } | wc -l
}

conflict_count() { vigilctl conflicts --json | { grep -o '"field":' || true; } | wc -l; }

settle() {
  local left
  say "In conflict, with all values:"
  vigilctl conflicts | sed 's/^/  /'
  conflicts_open=$(conflict_count)
  say "The office has seen them all and settles:"
  quietly vigilctl resolve "$reported" description \
    --value 'Tension crack of 6 m along the crest above the path, opening' --reason 'both are right'
  quietly vigilctl resolve "$reported" grade --value major --reason 'seen on site'
  step "$reported: one description, and major;"
  quietly vigilctl resolve "$passed" status --value rectifying --reason 'it is dangerous again'
  quietly vigilctl reinstate "$passed" --reason 'it is dangerous again'
  step "$passed: rectifying, and tagged after all."
  left=$(conflict_count)
  conflicts_settled=$((conflicts_open - left))
  # It is tagged again, and long overdue.
  quietly vigilctl escalation tick
  step "The escalation clock has seen it too: E4 fires for $passed, and what else was due since."
}

compare_replicas() {
  local register a b
  quietly phone a sync
  quietly phone b sync
  register=$(vigilctl_as auditor-01 digest --json | value digest)
  a=$(phone a digest --json | value digest)
  b=$(phone b digest --json | value digest)
  replicas=no
  [[ -z $register || $register != "$a" || $register != "$b" ]] || replicas=yes
}

main() {
  local sequence=$1 fired_before fired which
  [[ $sequence == ab || $sequence == ba ]] || { echo "the order is ab or ba" >&2 && exit 2; }
  directory=$2
  people=$directory/people
  applied=0 merged=0 refused=0
  export VIGIL_ACCESS=$people/admin
  yesterday=$(TZ=Asia/Shanghai date -d yesterday +%F)
  next_year=$(TZ=Asia/Shanghai date -d '1 year' +%F)
  choose_hazards
  say "A field round. These sign in at the office, and see what their roles let them see:"
  make_people
  fired_before=$(overdue_count)
  say "Two inspectors enrol their phones with one-time codes and synchronise:"
  make_phones
  unit=$(state "$reported" unit)
  offline_work
  office_work
  say "The phones are online again and synchronise, ${sequence:0:1} first:"
  for which in ${sequence:0:1} ${sequence:1:1}; do sync_phone "$which"; done
  tell
  settle
  compare_replicas
  fired=$(overdue_count)
  ledger_lines >"$directory/ledger.txt"
  say "round: applied=$applied merged=$merged refused=$refused conflicts_open=$conflicts_open\
 conflicts_settled=$conflicts_settled escalated=$((fired - fired_before)) replicas_equal=$replicas"
  [[ $replicas == yes ]]
}

main "$@"
