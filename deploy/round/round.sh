# The field round of the quickstart: two phones and an office, separate processes, one register.
# Sourced by deploy/quickstart; needs vigilctl and vigil-field on the path and VIGIL_SERVER and
# VIGIL_TOKEN_FILE set.

# value KEY: the first value of that key in the JSON on standard input.
value() {
  grep -o "\"$1\":\(\"[^\"]*\"\|[^,}]*\)" | head -n 1 | cut -d: -f2- | tr -d '"'
}

say() { printf '\n%s\n' "$1"; }
step() { printf '  %s\n' "$1"; }

phone() {
  local which=$1
  shift
  vigil-field --phone "$directory/phone-$which" "$@"
}

# quietly COMMAND…: shows what it printed only if it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || { printf '%s\n' "$output" && return 1; }
}

# first_hazard OPTION…: the number of the first hazard that the ledger finds.
first_hazard() { vigilctl ledger "$@" --page-size 1 --json | value number; }

# first_order OPTION…: hazard of the first order.
order_hazard() { vigilctl orders "$@" --json | value hazard_number; }

state() { vigilctl show "$1" --json | value "${2:-status}"; }

# The ledger as it stands, without the numbers that the register hands out: those follow arrival.
ledger_lines() {
  local text='"\(description\|status\|grade\)":"[^"]*"'
  local flag='"\(tagged\|tag_in_doubt\|finished\)":[a-z]*'
  local date='"year":[0-9]*,"month":[0-9]*,"day":[0-9]*' conflicts='"conflicts":\[[^]]*\]'
  # A hazard begins with its description; whatever follows is put on its line.
  vigilctl ledger --all --json | grep -o "$text\|$flag\|$date\|$conflicts" |
    tr '\n' ' ' | sed 's/"description":/\n&/g' | sort
}

# Makes the two phones. Both inspectors work everywhere and verify too.
make_phones() {
  local which token person
  for which in a b; do
    person=$([[ $which == a ]] && echo inspector-01 || echo inspector-02)
    token=$(vigilctl device add --person "$person" --json | value token)
    (umask 077 && printf '%s\n' "$token" >"$directory/phone-$which.token")
    quietly phone "$which" init --server "$VIGIL_SERVER" \
      --token-file "$directory/phone-$which.token"
    quietly phone "$which" sync
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
  site=$(vigilctl show "$submitted" --json | value risk_source)
}

# The office's version of a record before the round: phones act on what they have seen.
offline_work() {
  say "The phones are offline now. On phone a, Inspector A …"
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
  say "On phone b, Inspector B …"
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
  quietly vigilctl tag "$submitted" --level city --number '督字〔2026〕1号' \
    --signatory 'deputy head of the bureau' --content 'rectify and verify by the date' \
    --plan-due "$next_year" --due "$next_year" --received-by 'head of the unit'
  step "puts $submitted under tagged supervision: proposed, issued, served;"
  quietly vigilctl lift "$passed"
  step "lifts the tag of $passed;"
  quietly vigilctl edit "$late" --set "due_date=$yesterday"
  quietly vigilctl escalation tick
  step "learns that the due date of $late has passed: E4 fires, once."
}

sync_phone() {
  local report
  report=$(phone "$1" sync --server "$VIGIL_SERVER" --json)
  applied=$((applied + $(value applied <<<"$report")))
  merged=$((merged + $(value merged <<<"$report")))
  refused=$((refused + $(value refused <<<"$report")))
  step "phone $1: $(value applied <<<"$report") applied, $(value merged <<<"$report") merged,\
 $(value refused <<<"$report") refused"
}

tell() {
  say "What the register says now:"
  step "(a) $shared holds both edits: no conflict."
  step "(b) $reported: two descriptions are kept, and the graver grade is in force:\
 $(state "$reported" grade)."
  step "(c) two inspections and two new hazards: $(vigilctl ledger --text 'Round: ' --json |
    grep -o '"number":"[^"]*"' | cut -d'"' -f4 | sort | tr '\n' ' ')"
  step "(d) $submitted was verified and tagged at the same time: rectified, still tagged, not\
 closed."
  step "(e) the phone's command to lift a tag was refused:"
  phone b attention | sed 's/^/        /'
  step "(f) $passed: the tag was lifted while it was dangerous again. The lift is in doubt, the\
 hazard stays tagged (tag_in_doubt: $(state "$passed" tag_in_doubt))."
  step "(g) $late:"
  vigilctl escalation list | sed 's/^/        /'
}

# figure NAME: one of the register's figures.
figure() {
  vigilctl stats --json | grep -o "\"name\":\"$1\",\"value\":\"[^\"]*\"" | value value
}

conflict_count() { vigilctl conflicts --json | { grep -o '"field":' || true; } | wc -l; }

settle() {
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
  conflicts_settled=$((conflicts_open - $(conflict_count)))
  # It is tagged again, and long overdue.
  quietly vigilctl escalation tick
  step "The escalation clock has seen it too: E4 fires for $passed."
}

compare_replicas() {
  local register a b
  quietly phone a sync
  quietly phone b sync
  register=$(vigilctl digest --json | value digest)
  a=$(phone a digest --json | value digest)
  b=$(phone b digest --json | value digest)
  [[ -n $register && $register == "$a" && $register == "$b" ]] && echo yes || echo no
}

# run_round ab|ba DIRECTORY
run_round() {
  local sequence=$1 which replicas
  directory=$2
  applied=0 merged=0 refused=0
  escalated=$(figure escalations)
  yesterday=$(TZ=Asia/Shanghai date -d yesterday +%F)
  next_year=$(TZ=Asia/Shanghai date -d '1 year' +%F)
  say "A field round. Two inspectors get phones and synchronise:"
  make_phones
  choose_hazards
  unit=$(vigilctl show "$reported" --json | value unit)
  offline_work
  office_work
  say "The phones are online again and synchronise, $([[ $sequence == ab ]] &&
    echo 'a first' || echo 'b first'):"
  for which in ${sequence:0:1} ${sequence:1:1}; do sync_phone "$which"; done
  tell
  settle
  replicas=$(compare_replicas)
  escalated=$(($(figure escalations) - escalated))
  say "round: applied=$applied merged=$merged refused=$refused conflicts_open=$conflicts_open\
 conflicts_settled=$conflicts_settled escalated=$escalated replicas_equal=$replicas"
  [[ $replicas == yes ]]
}
