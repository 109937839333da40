extension KubernetesJob {
  /// The Secret with the job secret; nil if it exists already.
  var secretDocument: YAMLValue? {
    guard case .created(let jobSecret) = secret else { return nil }
    return [
      "apiVersion": "v1", "kind": "Secret", "metadata": metadata(),
      "type": "Opaque",
      // A second manifest with another secret must not replace the one that running pods use.
      "immutable": true,
      "stringData": [Self.secretKey: .string(jobSecret)],
    ]
  }

  var secretName: String {
    switch secret {
    case .created: name
    case .existing(let name): name
    }
  }
}
