#!/usr/bin/env bash
# What streamform and terraform cost for the same configuration, in seconds of CPU (user + system) and megabytes of memory.
#
#   benches/beside-terraform/compare.sh [-t SECONDS] [-s "SHAPE..."] [SIZE...]      (default: 100 1000)
#
# STREAMFORM: the binary (default: target/release/streamform). TERRAFORM: the other one (default: terraform).
# -t: a command that takes longer is stopped, and its row says so (default: 120).
# -s: only these of wide, chain, for_each, modules, exprs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ours=${STREAMFORM:-$here/../../target/release/streamform}
theirs=${TERRAFORM:-terraform}
limit=120
shapes=
while getopts t:s: option; do
  case $option in
    t) limit=$OPTARG ;;
    s) shapes=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
sizes=("${@:-100}")
[ $# -gt 0 ] || sizes=(100 1000)

command -v "$ours" >/dev/null || { echo "There is no $ours: build it with cargo build --release, or set STREAMFORM." >&2; exit 1; }
have_theirs=yes
command -v "$theirs" >/dev/null || { have_theirs=no; echo "There is no $theirs: only streamform is measured." >&2; }
# Nobody is asked for an update while the clock runs, and nothing of the user's settings counts.
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_CONFIG_FILE=/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ours=$(cd "$(dirname "$(command -v "$ours")")" && pwd)/$(basename "$ours")

# generate SHAPE SIZE [edited]: a configuration in the current folder; edited: with one line changed.
generate() {
  local n=$2 middle=$(($2 / 2)) i
  local changed=${3:-}
  word() { if [ -n "$changed" ] && [ "$1" = "$middle" ]; then echo changed; else echo value; fi; }
  case $1 in
    wide) for ((i = 0; i < n; i++)); do printf 'resource "terraform_data" "r%d" {\n  input = { name = "%s %d", tags = { owner = "platform", number = %d } }\n}\n' "$i" "$(word "$i")" "$i" "$i"; done >main.tf ;;
    chain)
      {
        printf 'resource "terraform_data" "r0" {\n  input = "value"\n}\n'
        for ((i = 1; i < n; i++)); do printf 'resource "terraform_data" "r%d" {\n  input = { before = terraform_data.r%d.id, text = "%s" }\n}\n' "$i" $((i - 1)) "$(word "$i")"; done
      } >main.tf
      ;;
    for_each) printf 'resource "terraform_data" "r" {\n  for_each = toset([for i in range(%d) : "k${i}"])\n  input    = { name = each.key, text = each.key == "k%d" ? "%s" : "" }\n}\n' "$n" "$middle" "$(word "$middle")" >main.tf ;;
    modules)
      mkdir -p team
      printf 'module "team" {\n  for_each = toset([for i in range(%d) : "t${i}"])\n  source   = "./team"\n  name     = each.key\n  text     = each.key == "t%d" ? "%s" : ""\n}\n' $((n / 10)) $((middle / 10)) "$(word "$middle")" >main.tf
      {
        printf 'variable "name" { type = string }\nvariable "text" { type = string }\n'
        printf 'resource "terraform_data" "r0" {\n  input = { name = var.name, text = var.text }\n}\n'
        for ((i = 1; i < 10; i++)); do printf 'resource "terraform_data" "r%d" {\n  input = { name = "${var.name}-%d", of = terraform_data.r0.id }\n}\n' "$i" "$i"; done
      } >team/main.tf
      ;;
    exprs)
      {
        printf 'locals {\n  base = [for i in range(100) : { id = i, name = "n${i}", group = "g${i %% 7}" }]\n}\nlocals {\n'
        for ((i = 0; i < n; i++)); do
          case $((i % 4)) in
            0) printf '  e%d = { for b in local.base : "${b.name}-%d" => upper(b.group) if b.id %% 3 == 0 }\n' "$i" "$i" ;;
            1) printf '  e%d = join(",", sort([for b in local.base : format("%%s-%%05d", b.name, b.id + %d)]))\n' "$i" "$i" ;;
            2) printf '  e%d = jsonencode([for b in local.base : md5("${b.group}-%d")])\n' "$i" "$i" ;;
            3) printf '  e%d = "%s ${length(distinct([for b in local.base : substr(b.name, 0, 2)]))}"\n' "$i" "$(word $((i - i % 4 == middle - middle % 4 ? middle : i)))" ;;
          esac
        done
        printf '}\noutput "digest" {\n  value = sha256(jsonencode(['
        for ((i = 0; i < n; i++)); do printf 'local.e%d, ' "$i"; done
        printf ']))\n}\n'
      } >main.tf
      ;;
  esac
}

# The program that tells how much memory another one took; without it there is no such column.
gnu_time=$(command -v gtime || command -v /usr/bin/time || true)
"${gnu_time:-false}" -f %M true >/dev/null 2>&1 || gnu_time=

# cost COMMAND...: seconds of user and system time together, and megabytes of memory at the most; "-" where it failed or took
# too long. A plan that tells of changes by its exit code has not failed.
cost() {
  local times status=0
  TIMEFORMAT='%3U %3S'
  times=$({ time timeout "$limit" ${gnu_time:+"$gnu_time" -q -f %M -o "$work/memory"} "$@" >"$work/out" 2>&1; } 2>&1) || status=$?
  if [ "$status" = 0 ] || [ "$status" = 2 ]; then
    awk -v kb="$([ -z "$gnu_time" ] || tail -1 "$work/memory")" '{ printf "%.3f %s\n", $1 + $2, kb == "" ? "-" : int(kb / 1024) }' <<<"$times"
  else
    echo - -
  fi
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a == "-" || b == "-") print "-"; else printf "%.1f", b / (a > 0 ? a : 0.001) }'; }

row() { printf '| %-8s | %6s | %-10s | %10s | %9s | %6s | %4s | %6s | %6s |\n' "$@"; }

printf '%s; %s; %s cores; load %s\n\n' "$("$ours" version | head -1)" \
  "$([ $have_theirs = yes ] && "$theirs" version | head -1)" "$(nproc 2>/dev/null || sysctl -n hw.ncpu)" "$(uptime | sed 's/.*averages*: //')"
row shape size command streamform terraform times MB MB times
row -------- -----: ---------- ---------: --------: ----: --: ----: ----:
for shape in ${shapes:-wide chain for_each modules exprs}; do
  for size in "${sizes[@]}"; do
    # A chain costs terraform the square of its length in every command: minutes, from a thousand on.
    if [ "$shape" = chain ] && [ "$size" -gt 1000 ]; then continue; fi
    for tool in ours theirs; do
      folder=$work/$tool/$shape$size
      rm -rf "${folder:?}"
      mkdir -p "$folder"
      (cd "$folder" && generate "$shape" "$size")
      if [ $tool = theirs ] && [ $have_theirs = yes ]; then (cd "$folder" && "$theirs" init -input=false >/dev/null); fi
    done
    for command in "first plan" apply "empty plan" "edit plan" destroy; do
      case $command in
        "first plan") arguments=(plan -input=false -out=first.tfplan) ;;
        apply) arguments=(apply -input=false first.tfplan) ;;
        "empty plan") arguments=(plan -input=false -detailed-exitcode) ;;
        "edit plan")
          arguments=(plan -input=false -detailed-exitcode)
          for tool in ours theirs; do (cd "$work/$tool/$shape$size" && generate "$shape" "$size" edited); done
          ;;
        destroy) arguments=(destroy -input=false -auto-approve) ;;
      esac
      read -r cpu mb < <(cd "$work/ours/$shape$size" && cost "$ours" "${arguments[@]}")
      read -r their_cpu their_mb < <([ $have_theirs = no ] && echo - - || { cd "$work/theirs/$shape$size" && cost "$theirs" "${arguments[@]}"; })
      row "$shape" "$size" "$command" "$cpu" "$their_cpu" "$(ratio "$cpu" "$their_cpu")" "$mb" "$their_mb" "$(ratio "$mb" "$their_mb")"
    done
  done
done

# best PROGRAM: the shortest wall time of twenty `version`s, in milliseconds.
best() {
  TIMEFORMAT='%3R'
  for ((i = 0; i < 20; i++)); do { time "$1" version >/dev/null 2>&1; } 2>&1; done | sort -n | head -1 | awk '{ printf "%.0f", $1 * 1000 }'
}
printf '\nversion, best of 20, wall: streamform %s ms' "$(best "$ours")"
[ $have_theirs = no ] || printf ', terraform %s ms' "$(best "$theirs")"
printf '\n'
