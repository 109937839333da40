extension KubernetesJob {
  /// The claim of the run folder; nil if it exists already.
  var claimDocument: YAMLValue? {
    guard claim == nil else { return nil }
    return [
      "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(named: claimName),
      "spec": [
        "accessModes": [.string(accessMode.rawValue)],
        "storageClassName": .optional(storageClass),
        "resources": ["requests": ["storage": .string(storage)]],
      ],
    ]
  }

  var claimName: String { claim ?? "\(name)-runs" }
}
