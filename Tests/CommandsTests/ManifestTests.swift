import Testing

/// Which commands a manifest's pods may run. `KubernetesJobTests` tests the manifest.
@Suite struct ManifestTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func manifest(
    _ command: [String], options: [String] = [], environment: [String: String] = [:]
  ) throws -> AtelierProcess {
    try AtelierProcess(
      ["manifest", "kubernetes", "--image", "a", "--workers", "4"] + options + ["--"] + command, in: folder,
      environment: environment)
  }

  /// In a pod, others join without an option. The launcher of the process that prints the manifest does not matter.
  @Test(arguments: [
    ["train", "cnn", "--min-workers", "4"], ["train", "forest", "--min-workers", "4", "--max-workers", "4"],
    ["sweep", "tree", "--min-workers", "2"], ["sweep", "sweep.yaml", "--min-workers", "4"], ["train", "cnn"],
  ]) func printsManifestOfCommand(command: [String]) throws {
    let slurm = ["SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"]
    for environment in [[:], slurm] {
      let run = try manifest(command, environment: environment)
      #expect(run.status == 0 && run.output.contains("kind: Job"), "\(run.errors)")
    }
  }

  @Test(arguments: [
    (["train", "cnn", "--min-workers", "5"], "--min-workers 5"), (["sweep", "tree", "--min-workers", "5"], "forever"),
    (["train", "tree", "-o", "m"], "leave out --output"), (["train", "tree", "-qo", "m"], "leave out --output"),
    (["train", "tree", "--output=m"], "leave out --output"), (["train", "--resume", "latest"], "leave out --resume"),
    (["train", "cnn", "--resume=latest"], "leave out --resume"), (["sweep", "--resume", "a"], "leave out --resume"),
    (["train", "tree", "--print-config"], "leave out --print-config"),
    (["train", "cnn", "--help"], "must train or sweep"),
    (["sweep", "tree", "--version"], "must train or sweep"), (["train", "-h"], "must train or sweep"),
    (["train", "cnn", "--workers", "2"], "leave out --workers"), (["sweep", "a", "--hosts", "b"], "leave out --hosts"),
    (["train", "cnn", "--listen", "tcp://*:1"], "leave out --listen"), (["train", "nn"], "is invalid"), ([], "missing"),
    (["sweep", "tree", "--launcher", "none"], "leave out --launcher"), (["data"], "is missing"),
    (["train", "cnn", "--host-file", "b"], "leave out --host-file"),
  ]) func refusesCommand(command: [String], reason: String) throws {
    let run = try manifest(command)
    #expect(run.status == 64 && run.output.isEmpty && run.errors.contains(reason), "\(run.errors)")
  }

  /// Wrong options are found before the command runs, so that the usage is that of the command.
  @Test(arguments: [
    (["manifest", "kubernetes", "--image", ":::", "--", "train", "cnn"], "atelier manifest kubernetes --image"),
    (["doctor"], "atelier doctor --join"), (["doctor", "--join", "nowhere"], "atelier doctor --join"),
    (["worker"], "atelier worker --join"), (["probe", "ready"], "atelier probe <state>"),
  ]) func errorShowsUsageOfItsCommand(arguments: [String], usage: String) throws {
    let run = try AtelierProcess(arguments, in: folder)
    #expect(run.status == 64 && run.errors.contains("Usage: \(usage)"), "\(run.errors)")
  }

  @Test func waitsForNoMoreWorkersThanCanJoin() throws {
    let slurm = ["SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "3"]
    for (options, environment, count) in [
      (["--min-workers", "2"], [:], "1 worker"), (["--min-workers", "3", "--workers", "2"], [:], "2 workers"),
      (["--min-workers", "4"], slurm, "3 workers"), (["--min-workers", "5", "--workers", "2"], slurm, "4 workers"),
    ] as [([String], [String: String], String)] {
      let run = try AtelierProcess(["train", "tree"] + options, in: folder, environment: environment)
      #expect(run.status == 64 && run.errors.contains("at most \(count) can join"), "\(run.errors)")
    }
  }
}
