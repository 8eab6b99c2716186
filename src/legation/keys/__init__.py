# SPDX-License-Identifier: Apache-2.0
"""
Keys: what they sign, what they seal, and the card on which an office publishes them.

* ``sign``: Ed25519 and ML-DSA-44 signatures, each for one purpose; key ids.
* ``seal``: a secret sealed to an office, and content sealed in chunks under that secret.
* ``card``: the signed document that says which keys are whose.

Nothing here draws randomness or reads a clock: seeds, secrets and times are arguments. Where the
library draws its own (ML-DSA signing, HPKE), a *twin* stands beside the real implementation, whose
output follows from its arguments alone. Twins protect nothing; they are for the tests that compare
two worlds byte for byte, and no verifier or opener of a node accepts what they make.
"""
