internal import Text

extension LaunchEnvironment {
  /// Slurm: a task of a step (`srun`), or the script of a job (`sbatch`), which is a single process. See "OUTPUT
  /// ENVIRONMENT VARIABLES" in srun(1) and sbatch(1). `SLURM_LAUNCH_NODE_IPADDR` is the host of `srun`, not of
  /// process 0.
  static func slurm(_ variables: Variables) throws(LaunchError) -> LaunchEnvironment? {
    guard let job = variables["SLURM_JOB_ID"] ?? variables["SLURM_JOBID"], variables["SLURM_PROCID"] != nil else {
      return nil
    }
    let step = variables["SLURM_STEP_ID"] ?? variables["SLURM_STEPID"]
    var launch = LaunchEnvironment(.slurm, job: "\(job)-\(step ?? "batch")")
    launch.restarts = try variables.number("SLURM_RESTART_COUNT") ?? 0
    launch.ownHost = variables["SLURMD_NODENAME"]
    let ownTasks: Int
    if step == nil {
      // The script itself is one process, whatever the number of tasks that `srun` will start in it.
      (launch.count, ownTasks) = (1, 1)
      launch.hosts = launch.ownHost.map { [$0] } ?? []
    } else {
      launch.rank = try variables.number("SLURM_PROCID") ?? 0
      let total = variables["SLURM_STEP_NUM_TASKS"] == nil ? "SLURM_NTASKS" : "SLURM_STEP_NUM_TASKS"
      launch.count = try variables.number(total)
      if let list = variables["SLURM_STEP_NODELIST"] ?? variables["SLURM_NODELIST"] {
        launch.hosts = try SlurmNodeList.names(list)
      }
      var counts: [Int] = []
      if let text = variables["SLURM_STEP_TASKS_PER_NODE"] { counts = try SlurmNodeList.counts(text) }
      let node = try variables.number("SLURM_NODEID") ?? 0
      ownTasks = counts.indices.contains(node) ? max(1, counts[node]) : 1
      // Process 0 runs on the first node of a step.
      launch.coordinatorHost = launch.hosts.first
      if launch.rank == 0, let own = launch.ownHost, let first = launch.hosts.first, own != first {
        throw LaunchError(
          """
          Slurm placed process 0 on \(own) and not on the first node of the step, \(first), where the others look for \
          it: leave out --distribution=arbitrary, or set \(coordinatorVariable)=\(own) for all processes
          """)
      }
    }
    launch.threads = try variables.threads("SLURM_CPUS_PER_TASK")
    if launch.threads == nil, let all = try variables.threads("SLURM_CPUS_ON_NODE") {
      launch.threads = max(1, all / ownTasks)
    }
    return launch
  }

  /// Open MPI: `mpirun` (mpirun(1), "Environment Variables"). It does not say where process 0 runs, except if all
  /// processes are on one host or in a Slurm job.
  static func openMPI(_ variables: Variables) throws(LaunchError) -> LaunchEnvironment? {
    guard let rank = try variables.number("OMPI_COMM_WORLD_RANK") else { return nil }
    let job = variables["PMIX_NAMESPACE"] ?? variables["OMPI_MCA_ess_base_jobid"] ?? "job"
    var launch = LaunchEnvironment(.openMPI, job: job)
    (launch.rank, launch.count) = (rank, try variables.number("OMPI_COMM_WORLD_SIZE"))
    let local = try variables.number("OMPI_COMM_WORLD_LOCAL_SIZE")
    launch.processesOnHost = max(1, local ?? 1)
    if let count = launch.count, local == count {
      launch.hosts = ["localhost"]
    } else if let list = variables["SLURM_JOB_NODELIST"] {
      launch.hosts = try SlurmNodeList.names(list)
      launch.restarts = try variables.number("SLURM_RESTART_COUNT") ?? 0
    }
    launch.ownHost = variables["SLURMD_NODENAME"] ?? launch.hosts.first { $0 == "localhost" }
    launch.coordinatorHost = launch.hosts.first
    launch.threads = try variables.threads("OMP_NUM_THREADS")
    return launch
  }

  /// PMIx without a launcher that is known here (`prun`): only the rank and the job's name.
  static func pmix(_ variables: Variables) throws(LaunchError) -> LaunchEnvironment? {
    guard let rank = try variables.number("PMIX_RANK"), let job = variables["PMIX_NAMESPACE"] else { return nil }
    var launch = LaunchEnvironment(.pmix, job: job)
    launch.rank = rank
    launch.threads = try variables.threads("OMP_NUM_THREADS")
    return launch
  }

  /// SkyPilot: the same command on each node of a task (its documentation, "Environment variables").
  static func skyPilot(_ variables: Variables) throws(LaunchError) -> LaunchEnvironment? {
    guard let rank = try variables.number("SKYPILOT_NODE_RANK") else { return nil }
    var launch = LaunchEnvironment(.skyPilot, job: variables["SKYPILOT_TASK_ID"] ?? "task")
    launch.rank = rank
    launch.hosts = variables["SKYPILOT_NODE_IPS"]?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    launch.count = try variables.number("SKYPILOT_NUM_NODES") ?? (launch.hosts.isEmpty ? nil : launch.hosts.count)
    launch.ownHost = launch.hosts.indices.contains(rank) ? launch.hosts[rank] : nil
    launch.coordinatorHost = launch.hosts.first
    return launch
  }

  /// Kubernetes: a pod of an Indexed Job. The manifest names the coordinator (``coordinatorVariable``), because the
  /// index is all that Kubernetes sets. A failed pod of index 0 is replaced alone.
  static func kubernetes(_ variables: Variables) throws(LaunchError) -> LaunchEnvironment? {
    guard let rank = try variables.number("JOB_COMPLETION_INDEX") else { return nil }
    // The host name of a pod of an Indexed Job is the job's name and the index.
    let suffix = "-\(rank)"
    let pod = variables["HOSTNAME"].flatMap { $0.hasSuffix(suffix) ? String($0.dropLast(suffix.count)) : nil }
    var launch = LaunchEnvironment(.kubernetes, job: variables["ATELIER_JOB_NAME"] ?? pod ?? "job")
    (launch.rank, launch.replacesCoordinator) = (rank, true)
    return launch
  }
}
