import Launching
import Testing

struct LaunchEnvironmentTests {
  /// As `srun -N2 -n3` of Slurm 22.05 sets them for task 1.
  static let slurm = [
    "SLURM_JOB_ID": "12", "SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_NTASKS": "3", "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "n[1-2]", "SLURM_NODELIST": "n[1-4]", "SLURM_NODEID": "0", "SLURM_CPUS_ON_NODE": "8",
    "SLURM_STEP_TASKS_PER_NODE": "2,1", "SLURMD_NODENAME": "n1", "SLURM_LAUNCH_NODE_IPADDR": "10.9.9.9",
  ]

  private func detect(_ variables: [String: String], _ changes: [String: String] = [:]) throws -> LaunchEnvironment? {
    try LaunchEnvironment.detect(variables.merging(changes) { $1 })
  }

  @Test func detectsNoLauncherInAPlainShell() throws {
    #expect(try detect(["PATH": "/bin", "SLURM_JOB_ID": "", "SLURM_CONF": "/etc/slurm/slurm.conf"]) == nil)
  }

  @Test func readsStepOfSlurm() throws {
    let launch = try #require(try detect(Self.slurm))
    #expect(launch.launcher == .slurm && launch.job == "slurm-12-0")
    #expect(launch.rank == 1 && launch.count == 3 && launch.hosts == ["n1", "n2"] && launch.ownHost == "n1")
    #expect(launch.coordinatorHost == "n1" && launch.coordinatorPort == nil && launch.threads == 4)
    #expect(launch.hasOthers && !launch.isOneHost && !launch.isRestart && !launch.replacesCoordinator)
    #expect(try detect(Self.slurm, ["SLURM_CPUS_PER_TASK": "3"])?.threads == 3)
    #expect(try detect(Self.slurm, ["SLURM_RESTART_COUNT": "1"])?.isRestart == true)
    #expect(try detect(Self.slurm, ["SLURM_RESTART_COUNT": ""])?.isRestart == false)
  }

  /// The variables of the allocation are those of the script, too: it must not wait for tasks that no `srun` starts.
  @Test func scriptOfSlurmIsOneProcess() throws {
    var variables = Self.slurm.filter { !$0.key.contains("STEP") }
    variables["SLURM_PROCID"] = "0"
    let launch = try #require(try detect(variables, ["SLURM_RESTART_COUNT": "2"]))
    #expect(launch.job == "slurm-12-batch" && launch.rank == 0 && launch.count == 1 && !launch.hasOthers)
    #expect(launch.threads == 8 && launch.restarts == 2)
  }

  @Test func refusesContradictionsOfSlurm() {
    for changes in [
      ["SLURM_PROCID": "3"], ["SLURM_PROCID": "-1"], ["SLURM_PROCID": "x"], ["SLURM_STEP_NODELIST": "n[1"],
      ["SLURM_PROCID": "0", "SLURMD_NODENAME": "n2"], ["SLURM_STEP_TASKS_PER_NODE": "2(x99999999)"],
    ] {
      #expect(throws: LaunchError.self, "\(changes)") { try detect(Self.slurm, changes) }
    }
  }

  @Test func readsOpenMPI() throws {
    let variables = [
      "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_SIZE": "4", "PMIX_RANK": "2",
      "PMIX_NAMESPACE": "prterun-vm-123@1",
    ]
    let launch = try #require(try detect(variables))
    #expect(launch.launcher == .openMPI && launch.rank == 2 && launch.count == 4 && launch.isOneHost)
    #expect(launch.job == "openmpi-prterun-vm-123-1" && launch.coordinatorHost == "localhost")
    #expect(launch.threads(ofCores: 9) == 2 && launch.threads(ofCores: 2) == 1)
    let spread = try #require(try detect(variables, ["OMPI_COMM_WORLD_LOCAL_SIZE": "2"]))
    #expect(spread.coordinatorHost == nil && spread.hosts.isEmpty)
    let named = try #require(
      try detect(variables, ["OMPI_COMM_WORLD_LOCAL_SIZE": "2", "ATELIER_COORDINATOR": "h1:7700"]))
    #expect(named.coordinatorHost == "h1" && named.coordinatorPort == 7700)
  }

  /// `mpirun` starts its own daemons as a step of the Slurm job, whose variables reach the processes.
  @Test func openMPIInsideSlurmIsNotSlurm() throws {
    let launch = try #require(
      try detect(
        Self.slurm,
        [
          "OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_LOCAL_SIZE": "4",
          "SLURM_JOB_NODELIST": "n[1-2]",
        ]))
    #expect(launch.launcher == .openMPI && launch.rank == 5 && launch.coordinatorHost == "n1")
  }

  @Test func readsPMIx() throws {
    let launch = try #require(try detect(["PMIX_RANK": "3", "PMIX_NAMESPACE": "job-1"]))
    #expect(launch.launcher == .pmix && launch.rank == 3 && launch.count == nil && launch.coordinatorHost == nil)
    #expect(launch.hasOthers)
    #expect(try detect(Self.slurm, ["PMIX_RANK": "1", "PMIX_NAMESPACE": "slurm.pmix.12.0"])?.launcher == .slurm)
  }

  @Test func readsSkyPilot() throws {
    let launch = try #require(
      try detect([
        "SKYPILOT_NODE_RANK": "1", "SKYPILOT_NODE_IPS": "10.0.0.4\n10.0.0.5\n", "SKYPILOT_NUM_NODES": "2",
        "SKYPILOT_TASK_ID": "sky-2026-11-27_c_1",
      ]))
    #expect(launch.job == "skypilot-sky-2026-11-27_c_1" && launch.rank == 1 && launch.count == 2)
    #expect(launch.coordinatorHost == "10.0.0.4" && launch.ownHost == "10.0.0.5")
  }

  @Test func readsKubernetes() throws {
    let launch = try #require(
      try detect([
        "JOB_COMPLETION_INDEX": "2", "HOSTNAME": "train-2", "ATELIER_COORDINATOR": "train-0.train:7700",
      ]))
    #expect(launch.job == "kubernetes-train" && launch.rank == 2 && launch.count == nil && launch.replacesCoordinator)
    #expect(launch.coordinatorHost == "train-0.train" && launch.coordinatorPort == 7700 && launch.isRestart)
  }

  @Test(arguments: ["", "h", "h:1", "[::1]:7700", "[::1]", "10.0.0.1:65535"]) func readsCoordinator(text: String) throws
  {
    let launch = try #require(try detect(["JOB_COMPLETION_INDEX": "0", "ATELIER_COORDINATOR": text]))
    #expect(
      launch.coordinatorHost
        == (text.isEmpty ? nil : text.contains("::") ? "::1" : text.split(separator: ":").first.map(String.init)))
  }

  @Test(arguments: [":1", "h:", "h:0", "h:65536", "::1", "[::1", "h h", "[]:1", "h:+1"])
  func refusesCoordinator(text: String) {
    #expect(throws: LaunchError.self) { try detect(["JOB_COMPLETION_INDEX": "0", "ATELIER_COORDINATOR": text]) }
  }
}

struct RendezvousPortsTests {
  @Test func portsAreBelowThoseOfClients() {
    for job in 0..<2_000 {
      let ports = RendezvousPorts.ports(ofJob: "slurm-\(job)-0")
      #expect(Set(ports).count == 8 && ports.allSatisfy { (20_000..<32_000).contains($0) }, "\(ports)")
    }
  }

  @Test func portsAreThoseOfTheJob() {
    #expect(RendezvousPorts.ports(ofJob: "slurm-12-0") == RendezvousPorts.ports(ofJob: "slurm-12-0"))
    let first = Set((0..<1_000).map { RendezvousPorts.ports(ofJob: "slurm-\($0)-0")[0] })
    #expect(first.count > 900)
  }
}
