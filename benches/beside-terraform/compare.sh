#!/usr/bin/env bash
# What streamform and terraform cost for the same configuration, in seconds of CPU (user + system).
#
#   benches/beside-terraform/compare.sh [-t SECONDS] [SIZE...]      (default: 100 1000)
#
# STREAMFORM: the binary (default: target/release/streamform). TERRAFORM: the other one (default: terraform).
# -t: a command that takes longer is stopped, and its row says so (default: 120).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ours=${STREAMFORM:-$here/../../target/release/streamform}
theirs=${TERRAFORM:-terraform}
limit=120
while getopts t: option; do
  case $option in
    t) limit=$OPTARG ;;
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

# generate SHAPE SIZE: a configuration on stdout.
generate() {
  case $1 in
    wide) for ((i = 0; i < $2; i++)); do printf 'resource "terraform_data" "r%d" {\n  input = "value %d"\n}\n' "$i" "$i"; done ;;
    chain)
      printf 'resource "terraform_data" "r0" {\n  input = "value"\n}\n'
      for ((i = 1; i < $2; i++)); do printf 'resource "terraform_data" "r%d" {\n  input = terraform_data.r%d.output\n}\n' "$i" $((i - 1)); done
      ;;
    for_each) printf 'resource "terraform_data" "r" {\n  for_each = toset([for i in range(%d) : "k${i}"])\n  input    = each.key\n}\n' "$2" ;;
  esac
}

# cpu COMMAND...: seconds of user and system time together; "-" where it failed or took too long.
cpu() {
  local times
  TIMEFORMAT='%3U %3S'
  if times=$({ time timeout "$limit" "$@" >"$work/out" 2>&1; } 2>&1); then
    awk '{ printf "%.3f", $1 + $2 }' <<<"$times"
  else
    echo -
  fi
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a == "-" || b == "-") print "-"; else printf "%.0f", b / (a > 0 ? a : 0.001) }'; }

row() { printf '| %-8s | %6s | %-11s | %10s | %10s | %6s |\n' "$@"; }

printf '%s; %s; %s cores; load %s\n\n' "$("$ours" version | head -1)" \
  "$([ $have_theirs = yes ] && "$theirs" version | head -1)" "$(nproc 2>/dev/null || sysctl -n hw.ncpu)" "$(uptime | sed 's/.*averages*: //')"
row shape size command streamform terraform ratio
row -------- -----: ----------- ---------: ---------: -----:
for shape in wide chain for_each; do
  for size in "${sizes[@]}"; do
    # A chain costs terraform the square of its length in every command: minutes, from a thousand on.
    if [ "$shape" != wide ] && [ "$size" -gt 1000 ]; then continue; fi
    for tool in ours theirs; do
      mkdir -p "$work/$tool"
      rm -rf "${work:?}/$tool/$shape$size"
      mkdir "$work/$tool/$shape$size"
      generate "$shape" "$size" >"$work/$tool/$shape$size/main.tf"
    done
    [ $have_theirs = no ] || (cd "$work/theirs/$shape$size" && "$theirs" init -input=false >/dev/null)
    for command in plan apply empty; do
      case $command in
        plan) arguments=(plan -input=false -out=first.tfplan) ;;
        apply) arguments=(apply -input=false first.tfplan) ;;
        empty) arguments=(plan -input=false -detailed-exitcode) ;;
      esac
      a=$(cd "$work/ours/$shape$size" && cpu "$ours" "${arguments[@]}")
      b=-
      [ $have_theirs = no ] || b=$(cd "$work/theirs/$shape$size" && cpu "$theirs" "${arguments[@]}")
      case $command in plan) name="first plan" ;; empty) name="empty plan" ;; *) name=apply ;; esac
      row "$shape" "$size" "$name" "$a" "$b" "$(ratio "$a" "$b")"
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
