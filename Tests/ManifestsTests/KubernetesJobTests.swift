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

  /// The namespace is a label of RFC 1123; claims and others are subdomains.
  @Test(arguments: [
    ("a", true, true), ("1ns", true, true), ("a-1", true, true), ("a.b", false, true), ("1.a-b.2", false, true),
    ("", false, false), ("A", false, false), ("-a", false, false), ("a-", false, false), ("a..b", false, false),
    ("a.-b", false, false), ("a-.b", false, false), (".a", false, false), ("a.", false, false), ("a_b", false, false),
    (String(repeating: "a", count: 63), true, true), (String(repeating: "a", count: 64), false, true),
    (String(repeating: "a", count: 253), false, true), (String(repeating: "a", count: 254), false, false),
  ]) func checksNamesOfExistingObjects(name: String, isLabel: Bool, isSubdomain: Bool) {
    func accepts(_ change: (inout KubernetesJob) -> Void) -> Bool {
      var job = job
      change(&job)
      return (try? job.check()) != nil
    }
    #expect(accepts { $0.namespace = name } == isLabel)
    for property in [\KubernetesJob.claim, \.dataClaim, \.storageClass] {
      #expect(accepts { $0[keyPath: property] = name } == isSubdomain)
    }
    #expect(accepts { $0.secret = .existing(name: name) } == isSubdomain)
  }

  @Test mutating func errorNamesTheRule() {
    job.claim = "A"
    var description = ""
    do throws(ManifestError) { try job.check() } catch { description = error.description }
    #expect(description.contains("'A' for --claim") && description.contains("253") && description.contains("'.'"))
    #expect(!description.contains("beginning with a letter"))
  }

  @Test(arguments: [
    ("a", true), ("a:1", true), ("a/b-c/d__e.f:Tag_1.0-x", true), ("localhost:5000/a", true), ("Host.example/a", true),
    ("[fd00::1]:5000/a", true), ("a@sha256:" + String(repeating: "0", count: 64), true),
    ("r.io/a:1@sha256:" + String(repeating: "0", count: 64), true), (String(repeating: "a", count: 500), true),
    ("", false), (":::", false), ("a:", false), (":a", false), ("a/", false), ("/a", false), ("A", false),
    ("a b", false), ("a\n", false), ("a:-b", false), ("a..b", false), ("a@sha256:0", false), ("https://a/b", false),
    (String(repeating: "a", count: 600), false), (String(repeating: "a-", count: 250), false),
  ]) mutating func checksImage(name: String, isValid: Bool) {
    job.image = name
    #expect(((try? job.check()) != nil) == isValid)
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
