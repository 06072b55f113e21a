#!/bin/sh
# evaluate.sh SET METHOD MODEL ENDPOINT [JUDGE JUDGE_ENDPOINT]
# Runs StableToolBench's virtual API server (recorded answers alone), inference, converter and pass rate on /data, as
# README.md says, and leaves all of it in /out. Keys: OPENAI_KEY, JUDGE_KEY.
set -eu
[ $# -eq 4 ] || [ $# -eq 6 ] || { echo "evaluate.sh SET METHOD MODEL ENDPOINT [JUDGE JUDGE_ENDPOINT]" >&2; exit 2; }
set_name=$1 method=$2 model=$3 endpoint=$4 judge=${5:-} judge_endpoint=${6:-}
case $model$judge in gpt*) ;; *) echo "upstream takes models whose name begins with gpt, not $model" >&2; exit 2;; esac
upstream=/opt/upstream
queries=/data/queries.json
[ -f "$queries" ] || queries=$upstream/solvable_queries/test_instruction/$set_name.json
export OPENAI_KEY="${OPENAI_KEY:-none}" PYTHONPATH=$upstream SERVICE_URL=http://127.0.0.1:8080/virtual

cp -r $upstream/server /tmp/server
mkdir -p /tmp/no_recordings
recorded=/data/tool_response_cache
[ -d "$recorded" ] || recorded=/tmp/no_recordings
# Port 9 takes nothing: what is not recorded fails at once, and nothing is asked of the real service.
cat > /tmp/server/config.yml <<CONFIG
api_key: none
api_base: http://127.0.0.1:9/v1
model: none
temperature: 0
toolbench_url: http://127.0.0.1:9/rapidapi
tools_folder: /data/tools
cache_folder: $recorded
is_save: false
port: 8080
log_file: /tmp/server.log
CONFIG
(cd /tmp/server && exec python main.py > /tmp/server.out 2>&1) &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
tries=0
until python -c "import socket; socket.create_connection(('127.0.0.1', 8080), 1)" 2>/dev/null; do
  tries=$((tries + 1))
  [ $tries -lt 60 ] || { echo "the virtual API server does not start:" >&2; tail -20 /tmp/server.out >&2; exit 1; }
  sleep 1
done

answers=/out/answers/parity/$set_name
mkdir -p "$answers" /out/converted/parity /out/pass_rate /out/test_ids
python /opt/parity/launch.py $upstream/toolbench/inference/qa_pipeline_multithread.py \
  --tool_root_dir /data/tools --backbone_model chatgpt_function --chatgpt_model "$model" --base_url "$endpoint" \
  --openai_key env:OPENAI_KEY --max_observation_length 1024 --method "$method" --input_query_file "$queries" \
  --output_answer_file "$answers" --toolbench_key "" --num_thread 1
python /opt/parity/drop_nulls.py "$answers"
cd $upstream/toolbench/tooleval
python /opt/parity/launch.py convert_to_answer_format.py --answer_dir "$answers" --method "$method" \
  --output "/out/converted/parity/$set_name.json"
[ -n "$judge" ] || exit 0

python - "$queries" "/out/test_ids/$set_name.json" <<'IDS'
import json, sys
items = json.load(open(sys.argv[1]))
json.dump({str(item.get("query_id", number)): 0 for number, item in enumerate(items)}, open(sys.argv[2], "w"))
IDS
umask 077
python - "$judge_endpoint" <<'POOL'
import json, os, sys
pool = [{"api_key": os.environ.get("JUDGE_KEY") or "none", "api_base": sys.argv[1]}]
json.dump(pool, open("/tmp/pool.json", "w"))
POOL
unset OPENAI_KEY  # or the judge's requests would go to the default address every second time
export API_POOL_FILE=/tmp/pool.json EVAL_MODEL="$judge"
python /opt/parity/launch.py eval_pass_rate.py --converted_answer_path /out/converted --save_path /out/pass_rate \
  --reference_model parity --test_ids /out/test_ids --max_eval_threads 1 --evaluate_times 3 --test_set "$set_name"
