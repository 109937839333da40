internal import Text

/// A training or sweep on Kubernetes: what its manifest is made of.
package struct KubernetesJob: Sendable {
  /// The access mode of the claim of the run folder.
  package enum AccessMode: String, Sendable, CaseIterable {
    /// The pods run on any nodes.
    case readWriteMany = "ReadWriteMany"
    /// All pods run on one node, because only one node can mount the volume.
    case readWriteOnce = "ReadWriteOnce"
  }

  /// The Secret that contains the job secret.
  package enum Secret: Sendable {
    /// One that the manifest creates.
    case created(jobSecret: String)
    /// One that exists in the namespace.
    case existing(name: String)
  }

  package var name: String
  package var image: String
  /// The arguments of `atelier` in the pods.
  package var command: [String]
  package var secret: Secret
  /// The name of the run, which pods that replace others resume. Different for each manifest, so that a new job does
  /// not resume the run of an earlier one with the same name and claim.
  package var run: String
  /// The number of pods. The first one coordinates, and works as well.
  package var workers = 1
  package var namespace: String?
  /// The number of cores of a pod, as a quantity of Kubernetes.
  package var cpus = "2"
  package var memory = "4Gi"
  package var accessMode = AccessMode.readWriteMany
  /// The size of the claim.
  package var storage = "10Gi"
  package var storageClass: String?
  /// An existing claim for the run folder, instead of one that the manifest creates.
  package var claim: String?
  /// An existing claim with data sets.
  package var dataClaim: String?

  package init(name: String, image: String, command: [String], secret: Secret, run: String) {
    (self.name, self.image, self.command, self.secret, self.run) = (name, image, command, secret, run)
  }

  /// The folder in which the command runs, on the claim.
  package static let runFolder = "/work"
  package static let dataFolder = "/data"
  /// The port at which the first pod listens for the others.
  package static let port = 7700
  /// The key of the job secret in the Secret.
  package static let secretKey = "job-secret"
  /// The exit statuses (sysexits.h) that a repetition cannot change: wrong options, damaged or missing data, an output
  /// that cannot be created, missing rights, images of another shape.
  package static let permanentFailures = [64, 65, 66, 73, 77, 78]

  /// The length that leaves space for a pod's index in its host name of 63 characters.
  private static let maxNameLength = 52

  /// Returns the manifest as YAML.
  /// - Throws: ``ManifestError`` if a value is not one that Kubernetes accepts
  package func manifest() throws -> String {
    try check()
    let documents = [secretDocument, claimDocument, networkPolicyDocument, serviceDocument, jobDocument]
    return try YAMLValue.text(of: documents.compactMap { $0 })
  }

  /// Checks the values.
  /// - Throws: ``ManifestError`` if one is not accepted by Kubernetes
  package func check() throws(ManifestError) {
    try KubernetesName.service.check(name, of: "--name", atMost: Self.maxNameLength)
    if let namespace { try KubernetesName.label.check(namespace, of: "--namespace") }
    for (value, option) in [(claim, "--claim"), (dataClaim, "--data-claim"), (storageClass, "--storage-class")] {
      if let value { try KubernetesName.subdomain.check(value, of: option) }
    }
    if case .existing(let secret) = secret {
      try KubernetesName.subdomain.check(secret, of: "--secret")
    }
    guard cpus.wholeMatch(of: #/[0-9]+(\.[0-9]+)?m?/#) != nil, Self.isPositive(cpus) else {
      throw ManifestError("invalid number of cores '\(cpus.printable)' for --cpus: expected one like 2, 1.5 or 500m")
    }
    for (value, option) in [(memory, "--memory"), (storage, "--storage")] {
      guard value.wholeMatch(of: #/[0-9]+(\.[0-9]+)?([kMGT]|[KMGT]i)/#) != nil, Self.isPositive(value) else {
        throw ManifestError("invalid size '\(value.printable)' for \(option): expected a number with a unit, like 4Gi")
      }
    }
    try KubernetesName.image.check(image, of: "--image")
  }

  private static func isPositive(_ quantity: String) -> Bool { quantity.contains { "1"..."9" ~= $0 } }
}

/// A value that Kubernetes would reject.
package struct ManifestError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
