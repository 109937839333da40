import Foundation
import Manifests
import Testing
import Yams

/// The manifest of a job on Kubernetes. `deploy/test-packages` validates it against the schemas of Kubernetes.
@Suite struct KubernetesJobTests {
  private var job = KubernetesJob(
    name: "digits", image: "registry.example/atelier:1", command: ["train", "cnn", "--augment", "flip,shift:2"],
    secret: .created(jobSecret: "atelier-job-1.AAAA.BBBB"), run: "digits-1")

  /// If this environment variable is 1, the golden file is written instead of compared.
  private static let recordVariable = "ATELIER_RECORD_GOLDEN"

  private func documents() throws -> [[String: Any]] {
    try Yams.load_all(yaml: job.manifest()).map { try #require($0 as? [String: Any]) }
  }

  /// Returns the value at a path of keys and indices.
  private func value(_ path: Any..., of document: [String: Any]) -> Any? {
    path.reduce(document as Any?) { value, step in
      switch step {
      case let key as String: (value as? [String: Any])?[key]
      case let index as Int: (value as? [Any]).flatMap { $0.indices.contains(index) ? $0[index] : nil }
      default: nil
      }
    }
  }

  private func document(_ kind: String) throws -> [String: Any] {
    try #require(documents().first { $0["kind"] as? String == kind })
  }

  @Test mutating func manifestMatchesGolden() throws {
    job.workers = 4
    let manifest = try job.manifest()
    if ProcessInfo.processInfo.environment[Self.recordVariable] == "1" {
      let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      try Data(manifest.utf8).write(to: sources.appendingPathComponent("Golden/kubernetes.yaml"))
    } else {
      let golden = try #require(Bundle.module.url(forResource: "Golden/kubernetes.yaml", withExtension: nil))
      #expect(try manifest == String(contentsOf: golden, encoding: .utf8), "\(Self.recordVariable)=1 updates it")
    }
  }

  /// The arguments in the manifest are those of the command, however YAML could read them.
  @Test mutating func keepsArguments() throws {
    job.command = [
      "train", "yes", "No", "on", "y", "true", "null", "~", "1", "0x1f", "1e3", "1_000", "012", "12:30", "2001-01-01",
      ".5", ".inf", "-", "- a", "a: b", "a #b", "#", "*a", "&a", "!a", "|", ">", "%", "@", "`", "'", "\"", "\\", "{a}",
      "[a]", "", " ", " a ", "a\nb", "\n", "\t", "café", "日本", "\u{85}", "\u{2028}", "=", "<<", "?", "? a", "--x=1,2",
      "$(NAME)", String(repeating: "long ", count: 60),
    ]
    let arguments = value("spec", "template", "spec", "containers", 0, "args", of: try document("Job"))
    #expect(arguments as? [String] == job.command.map { $0.replacing("$", with: "$$") })
  }

  @Test mutating func refersToExistingObjects() throws {
    (job.secret, job.claim, job.dataClaim) = (.existing(name: "team.secret"), "runs", "images")
    (job.namespace, job.accessMode) = ("lab", .readWriteOnce)
    let documents = try documents()
    #expect(documents.compactMap { $0["kind"] as? String } == ["NetworkPolicy", "Service", "Job"])
    #expect(documents.allSatisfy { value("metadata", "namespace", of: $0) as? String == "lab" })
    let manifest = try job.manifest()
    #expect(manifest.contains("name: team.secret") && manifest.contains("claimName: runs"))
    #expect(manifest.contains("mountPath: \"/data\"") && manifest.contains("podAffinity:"))
  }

  @Test(arguments: [
    "", "a b", "A", "1a", "-a", "a-", "a.b", "a_b", "ä", "a\nb", "a'", String(repeating: "a", count: 53),
  ])
  func refusesInvalidNames(name: String) {
    let job = KubernetesJob(name: name, image: "a", command: [], secret: .existing(name: "a"), run: "a")
    #expect(throws: ManifestError.self) { try job.manifest() }
  }

  @Test(arguments: ["", "0", "0.0", "-1", "1 Gi", "2Gb", "4GB", "1e3", "two", "1.", ".5", "1\n"])
  mutating func refusesInvalidQuantities(text: String) {
    for property in [\KubernetesJob.cpus, \.memory, \.storage] {
      var job = job
      job[keyPath: property] = text
      #expect(throws: ManifestError.self) { try job.manifest() }
    }
  }

  @Test(arguments: [("1", "4Gi"), ("0.5", "1.5G"), ("500m", "100M"), ("64", "1Ti")])
  mutating func acceptsQuantities(cpus: String, size: String) throws {
    (job.cpus, job.memory, job.storage) = (cpus, size, size)
    let limits = value("spec", "template", "spec", "containers", 0, "resources", "limits", of: try document("Job"))
    #expect(limits as? [String: String] == ["cpu": cpus, "memory": size])
  }

  /// A number without a unit would be that many bytes, and `m` thousandths of a byte.
  @Test(arguments: ["4", "500m"]) mutating func refusesSizesWithoutUnit(text: String) {
    for property in [\KubernetesJob.memory, \.storage] {
      var job = job
      job[keyPath: property] = text
      #expect(throws: ManifestError.self) { try job.manifest() }
    }
  }
}
