internal import ArgumentParser
internal import Compute
internal import Manifests
internal import Text
internal import Transport

extension KubernetesJob.AccessMode: ExpressibleByArgument {}

struct KubernetesManifestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kubernetes",
    abstract: "Prints a Kubernetes Job whose pods train or sweep together.",
    usage: "atelier manifest kubernetes --image <image> [<options>] -- train|sweep …",
    discussion: """
      Prints a Secret, a PersistentVolumeClaim, a NetworkPolicy, a headless Service and an Indexed Job, for \
      `kubectl apply`. The Secret holds a new random secret each time: keep the output as safe as a password, or name \
      an existing Secret with --secret. The first pod coordinates and works, and keeps the run on the claim; its \
      replacement resumes the run.

      Example:  (umask 077; atelier manifest kubernetes --image example/atelier -- train cnn > job.yaml)
      """)

  @Option(help: ArgumentHelp("Container image with atelier; see deploy/container.", valueName: "image"))
  var image: String

  @Option(help: ArgumentHelp("Number of pods. The first one coordinates, and works as well.", valueName: "n"))
  var workers = 2

  @Option(help: ArgumentHelp("Name of the job and its objects.", valueName: "name"))
  var name = "atelier"

  @Option(help: ArgumentHelp("Namespace (default: the one of kubectl's context).", valueName: "name"))
  var namespace: String?

  @Option(help: ArgumentHelp("Cores of each pod: request and limit.", valueName: "quantity"))
  var cpus = "2"

  @Option(help: ArgumentHelp("Memory of each pod: request and limit.", valueName: "quantity"))
  var memory = "4Gi"

  @Option(help: ArgumentHelp("Size of the claim for the run folder.", valueName: "quantity"))
  var storage = "10Gi"

  @Option(help: ArgumentHelp("Storage class of the claim (default: that of the cluster).", valueName: "name"))
  var storageClass: String?

  @Option(
    help: ArgumentHelp(
      """
      ReadWriteMany places the pods on any nodes, and requires a network file system. ReadWriteOnce places all pods on \
      one node.
      """, valueName: "mode"))
  var accessMode = KubernetesJob.AccessMode.readWriteMany

  @Option(help: ArgumentHelp("Existing claim for the run folder, instead of a new one.", valueName: "name"))
  var claim: String?

  @Option(
    help: ArgumentHelp(
      "Existing claim with data sets, mounted read-only at \(KubernetesJob.dataFolder).", valueName: "name"))
  var dataClaim: String?

  @Option(
    help: ArgumentHelp(
      """
      Existing Secret with the key \(KubernetesJob.secretKey), instead of a new one: atelier keys secret | kubectl \
      create secret generic NAME --from-file=\(KubernetesJob.secretKey)=/dev/stdin
      """, valueName: "name"))
  var secret: String?

  @Argument(parsing: .postTerminator, help: "Command of the pods: train or sweep with its options.")
  var command: [String] = []

  func validate() throws {
    if !(1...10_000).contains(workers) { throw ValidationError("--workers must be from 1 to 10000, not \(workers)") }
    do { try makeJob().check() } catch { throw ValidationError("\(error)") }
    try checkCommand()
  }

  /// Checks the command of the pods, so that errors in it are reported here rather than by the pods.
  private func checkCommand() throws {
    guard let verb = command.first, ["train", "sweep"].contains(verb) else {
      throw ValidationError("the command of the pods is missing: write -- train … or -- sweep … after the options")
    }
    let parsed: (any ParsableCommand)?
    do {
      parsed = try ClusterOptions.$variables.withValue(KubernetesJob.coordinatorVariables) {
        try AtelierCommand.parseAsRoot(command)
      }
    } catch {
      guard AtelierCommand.exitCode(for: error).isSuccess else {
        throw ValidationError("the command of the pods is invalid: \(AtelierCommand.message(for: error))")
      }
      parsed = nil
    }
    guard let parsed = parsed as? any PodCommand else {
      throw ValidationError(
        "the command of the pods must train or sweep: leave out options such as --help or --version")
    }
    if let option = parsed.unsuitableOptions.first {
      throw ValidationError(
        "leave out \(option) in the command of the pods: the pods find each other, and the run is kept on the claim")
    }
    if let minWorkers = parsed.cluster.minWorkers, minWorkers > workers {
      throw ValidationError(
        """
        --min-workers \(minWorkers) in the command of the pods would wait forever: there are \
        \(counted(workers, "pod")) (--workers)
        """)
    }
  }

  /// Returns the job, with another secret and name of its run each time.
  private func makeJob() -> KubernetesJob {
    let secret = self.secret.map(KubernetesJob.Secret.existing(name:)) ?? .created(jobSecret: JobSecret().text)
    let run = "\(name)-\(String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16))"
    var job = KubernetesJob(name: name, image: image, command: command, secret: secret, run: run)
    (job.workers, job.namespace, job.cpus, job.memory) = (workers, namespace, cpus, memory)
    (job.storage, job.storageClass, job.accessMode) = (storage, storageClass, accessMode)
    (job.claim, job.dataClaim) = (claim, dataClaim)
    return job
  }

  func run() throws { try StandardOutput.write(explanation + makeJob().manifest().dropLast()) }

  /// The comment at the beginning of the manifest.
  private var explanation: String {
    let selector = "app.kubernetes.io/instance=\(name)"
    let option = namespace.map { " --namespace \($0)" } ?? ""
    var lines = [
      "Printed by atelier \(atelierVersion). With this text in job.yaml:",
      "  kubectl apply -f job.yaml    starts the job",
      "  kubectl logs\(option) --follow --selector \(selector),batch.kubernetes.io/job-completion-index=0    shows it",
      "  kubectl delete\(option) job,service,networkpolicy,secret --selector \(selector)",
      "removes the job, and keeps the claim \(claim ?? "\(name)-runs") with the runs; kubectl delete -f removes both.",
    ]
    if secret == nil {
      lines.append("The Secret was generated for this text. Keep the text as safe as a password.")
    }
    return lines.map { "# \($0)\n" }.joined()
  }
}
