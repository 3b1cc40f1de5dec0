using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>
/// The script of a submission, for any POSIX shell: it runs the worker in the job folder with an environment of allowed names, caps what
/// that prints, and turns a signal of Slurm into <c>control/cancel</c>. Slurm signals at times the script alone and at times every process,
/// and a worker that is asked twice by a signal ends without a checkpoint; asked by the file, it saves one.
/// </summary>
internal static partial class SlurmScript
{
    public const string FileName = "slurm.sh";

    /// <summary>The file of the folder that says which submission may run in it.</summary>
    public const string TurnName = "slurm";

    /// <summary>What carries the mark of a submission in the environment of its processes.</summary>
    public const string Variable = "BEEP_SUBMISSION";

    // Of the node and of the job on it, where they are set there.
    private const string OfTheNode =
        "TMPDIR CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES GPU_DEVICE_ORDINAL ZE_AFFINITY_MASK NCCL_SOCKET_IFNAME NCCL_IB_HCA NCCL_DEBUG GLOO_SOCKET_IFNAME "
        + "SLURM_JOB_ID SLURM_JOB_NODELIST SLURM_JOB_NUM_NODES SLURM_NODEID SLURM_PROCID SLURM_LOCALID SLURM_CPUS_PER_TASK SLURM_CPUS_ON_NODE SLURM_RESTART_COUNT OMP_NUM_THREADS";

    // What of the server's environment is about its own machine.
    private static readonly HashSet<string> OfTheServer = new(StringComparer.Ordinal)
    {
        "TMPDIR", "TEMP", "TMP", "TERM", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NVIDIA_VISIBLE_DEVICES", "BEEP_PYTHON_HOME", ProcessGroup.Variable,
    };

    // Told apart from the arguments of others by what it is, not by what it says.
    private static readonly string Rendezvous = new("rendezvous".AsSpan());

    /// <summary>The whole text.</summary>
    /// <param name="folder">The job folder.</param>
    /// <param name="submission">Which one this is.</param>
    /// <param name="command">The worker.</param>
    /// <param name="nodes">On how many nodes.</param>
    /// <param name="gpus">How many GPUs there are on each.</param>
    /// <param name="mostBytes">How much output is kept.</param>
    /// <exception cref="FaultException">The worker cannot use several nodes, or a name in its environment is none.</exception>
    public static string Write(JobFolder folder, string submission, WorkerCommand command, int nodes, int gpus, long mostBytes = OutputLog.MaxBytes)
    {
        if (nodes > 1 && command.InterpreterArguments is null)
        {
            throw FaultException.Invalid("one_process", $"The worker '{command.FileName}' is one process and cannot use {nodes} nodes.", "Ask for one node, or choose another backend.", "placement.cluster.nodes");
        }

        var isSeveral = command.InterpreterArguments is not null && (nodes > 1 || gpus > 1);
        var worker = nodes == 1 ? (isSeveral ? command.Several(gpus) : command)
            : command.Distributed($"--nnodes={nodes}", $"--nproc-per-node={Math.Max(1, gpus)}", "--rdzv-backend=c10d", Rendezvous);
        var parts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["FOLDER"] = Quote(folder.Root),
            ["SUBMISSION"] = Quote(submission),
            ["LIMIT"] = mostBytes.ToString(CultureInfo.InvariantCulture),
            ["NODE_NAMES"] = OfTheNode,
            // Processes that share a node share its processors, and who starts them says how.
            ["THREADS"] = isSeveral ? "unset OMP_NUM_THREADS" : "OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}",
            ["START"] = nodes > 1 ? """srun --kill-on-bad-exit=1 --ntasks-per-node=1 ${SLURM_CPUS_PER_TASK:+"--cpus-per-task=$SLURM_CPUS_PER_TASK"} /bin/sh "$folder/slurm.sh" worker""" : "run_worker",
            ["ENVIRONMENT"] = Settings(submission, command),
            ["WORKER"] = string.Join(' ', worker.Arguments.Prepend(worker.FileName).Select(argument => ReferenceEquals(argument, Rendezvous) ? "\"--rdzv-endpoint=$BEEP_RENDEZVOUS\" \"--rdzv-id=$SLURM_JOB_ID\"" : Quote(argument))),
        };
        // In one go: what others wrote may look like a place.
        return Place().Replace(Template, place => parts[place.Groups[1].Value]);
    }

    /// <summary>A text as one word of a shell, whatever is in it.</summary>
    /// <exception cref="FaultException">It holds what ends a text for the system.</exception>
    public static string Quote(string text) => !text.Contains('\0', StringComparison.Ordinal)
        ? "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'"
        : throw FaultException.Invalid("bad_text", "A path or an argument of the worker holds a NUL character.", "Correct the backend or the path.");

    private static string Settings(string submission, WorkerCommand command)
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
        WorkerEnvironment.Fill(environment, Environment.GetEnvironmentVariables());
        foreach (var name in OfTheServer)
        {
            environment.Remove(name);
        }

        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        environment[Variable] = submission;
        var lines = new StringBuilder();
        foreach (var (name, value) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!VariableName().IsMatch(name))
            {
                throw FaultException.Invalid("bad_variable", $"'{name}' is no name of a variable.", "Correct the backend.", name);
            }

            lines.Append(CultureInfo.InvariantCulture, $"    {Quote($"{name}={value}")} \\\n");
        }

        return lines.ToString().TrimEnd('\n');
    }

    [GeneratedRegex("@([A-Z_]+)@")]
    private static partial Regex Place();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    private const string Template = """
        #!/bin/sh
        # Runs the job of this folder on a cluster. Written anew for every submission.
        umask 077
        ulimit -c 0
        ulimit -n 4096 2>/dev/null
        PATH=${PATH:-/usr/bin:/bin}
        folder=@FOLDER@
        submission=@SUBMISSION@
        limit=@LIMIT@

        # What the worker may know of the node, and nothing else.
        run_worker() {
          @THREADS@
          set --
          for name in @NODE_NAMES@; do
            eval "if [ -n \"\${$name+set}\" ]; then set -- \"\$@\" \"$name=\${$name}\"; fi"
          done
          exec env -i "$@" \
        @ENVIRONMENT@
            /bin/sh -c 'cd "$0" && exec "$@"' "$folder" @WORKER@
        }

        # Keeps what comes up to the limit and reads on beyond it, so that the worker never waits for its reader. Reader and writer are
        # one process less than a signal may end: a worker that saves must not lose its output.
        keep_output() {
          trap '' TERM INT HUP
          while size=$(wc -c <output.log) && [ "$size" -lt "$limit" ]; do
            dd bs=65536 count=16 2>/dev/null >>output.log || break
            [ "$(wc -c <output.log)" -gt "$size" ] || return 0
          done
          printf '\n(output beyond %s bytes is left out)\n' "$limit" >>output.log 2>/dev/null
          cat >/dev/null
        }

        # What the worker left running ends with it, where the cluster does not see to that.
        end_rest() {
          for process in /proc/[0-9]*; do
            if [ "${process#/proc/}" != "$$" ] && grep -qzFx "BEEP_SUBMISSION=$submission" "$process/environ" 2>/dev/null; then kill -KILL "${process#/proc/}" 2>/dev/null; fi
          done
        }

        # Whether Slurm takes the node from this job for another one. A busy controller may leave a question without an answer.
        is_preempted() {
          for again in 1 2 3 4 5; do
            if shown=$(scontrol --oneliner show job "$SLURM_JOB_ID" 2>/dev/null); then
              case $shown in *' PreemptTime='[0-9]*) return 0 ;; *) return 1 ;; esac
            fi
            sleep 1 &
            wait $!
          done
          return 1
        }

        if [ "${1-}" = worker ]; then run_worker; fi

        cd "$folder" || exit 50
        exec >>output.log 2>&1 </dev/null
        # Of two submissions of one job only the last may run.
        if [ "$(cat control/slurm 2>/dev/null)" != "$submission" ]; then
          echo "beep: Slurm job $SLURM_JOB_ID was replaced by another one and does nothing."
          exit 0
        fi
        # What this script asked for was for the start before; what the server asked for holds.
        if [ "$(cat control/cancel 2>/dev/null)" = node ]; then rm -f control/cancel; fi
        if [ -e control/cancel ]; then exit 10; fi
        if grep -q '"status": *"succeeded"' exit.json 2>/dev/null; then exit 0; fi
        rm -f exit.json
        echo "beep: Slurm job $SLURM_JOB_ID runs on $SLURM_JOB_NODELIST, start $((${SLURM_RESTART_COUNT:-0} + 1))."

        # The lock of a worker on a node that is gone is let go of by the file system, in a while.
        tries=0
        while [ -e control/lock ] && command -v flock >/dev/null 2>&1 && [ "$tries" -lt 60 ] && ! flock -n control/lock true; do
          if [ -e control/cancel ]; then exit 10; fi
          tries=$((tries + 1))
          sleep 2
        done

        pipes=$(mktemp -d) || exit 50
        trap 'rm -rf "$pipes"' EXIT
        mkfifo "$pipes/output" || exit 50
        BEEP_RENDEZVOUS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" 2>/dev/null | head -n 1):$((20000 + SLURM_JOB_ID % 20000))
        export BEEP_RENDEZVOUS
        asked=
        trap 'asked=yes; if [ ! -e control/cancel ]; then printf node >control/cancel; fi' TERM INT HUP
        keep_output <"$pipes/output" &
        keeper=$!
        @START@ >"$pipes/output" 2>&1 &
        worker=$!
        code=50
        while :; do
          asked=
          wait "$worker"
          ended=$?
          # 127: its end was seen by the wait before.
          if [ "$ended" -ne 127 ]; then code=$ended; fi
          if [ -z "$asked" ]; then break; fi
        done
        end_rest
        (sleep 5; kill -KILL "$keeper" 2>/dev/null) >/dev/null 2>&1 &
        timer=$!
        while :; do
          asked=
          wait "$keeper"
          if [ -z "$asked" ]; then break; fi
        done
        kill "$timer" 2>/dev/null
        # One that is preempted is told before its grace is over, and Slurm puts back only what is still there at the end of it.
        asked= told=
        while [ "$code" -ne 0 ] && [ -z "$asked" ] && [ "$(cat control/cancel 2>/dev/null || printf node)" = node ] \
          && ! grep -q '"status": *"failed"' exit.json 2>/dev/null && is_preempted; do
          if [ -z "$told" ]; then told=yes; echo "beep: preempted: Slurm job $SLURM_JOB_ID makes room for one of a higher priority."; fi
          sleep 2 &
          wait $!
        done
        exit "$code"

        """;
}
