# Runs a command of the operator: DIRECTORY PROGRAM ARGUMENT...
# Standard input is a locked file: it is held for as long as this shell lives.
hook_directory=$1
shift
echo "$$" >"$hook_directory/pid"
mkfifo "$hook_directory/pipe" || exit 125
{ head -c 32768; tail -c 32768; } <"$hook_directory/pipe" >"$hook_directory/output" &
hook_reader=$!
(exec "$@") </dev/null >"$hook_directory/pipe" 2>&1
hook_status=$?
# What the command left behind may keep the pipe open: its words are not waited for.
hook_looks=0
while [ "$hook_looks" -lt 20 ] && kill -0 "$hook_reader" 2>/dev/null; do
  hook_looks=$((hook_looks + 1))
  sleep 0.1
done
rm -f "$hook_directory/pipe"
echo "$hook_status" >"$hook_directory/status.new"
mv "$hook_directory/status.new" "$hook_directory/status"
