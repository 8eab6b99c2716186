# SPDX-License-Identifier: Apache-2.0
"""
SD-JWT, by sd-jwt, the reference code of the standard (RFC 9901).

A portion is one element of an array, disclosed or not. Compact form, no decoys, no key binding: the
least it can do. Its readers are told the portions by place, so there are no names to disclose.
"""

from collections.abc import Sequence

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

ALGORITHMS = {"ES256": {"kty": "EC", "crv": "P-256"}, "EdDSA": {"kty": "OKP", "crv": "Ed25519"}}


class Disclosure:
    """
    An issuer with its key, a holder who may show some portions, and a verifier.

    Args:
        algorithm: ``ES256``, the library's own choice, or ``EdDSA``.
        texts: The portions.
        kept: For each portion whether the holder shows it.
    """

    def __init__(self, algorithm: str, texts: Sequence[str], kept: Sequence[bool]) -> None:
        self._algorithm = algorithm
        self._key = JWK.generate(**ALGORITHMS[algorithm])
        self._public_key = JWK.from_json(self._key.export_public())
        self._claims = {"iss": "KOR@NATO", "portions": [SDObj(text) for text in texts]}
        self._shown = {"portions": list(kept)}
        self.issued = self.issue()
        self.presented = self.present()
        self._holder = SDJWTHolder(self.issued)

    def issue(self) -> str:
        """Sign all portions; new salts each time."""
        issued: str = SDJWTIssuer(self._claims, self._key, sign_alg=self._algorithm).sd_jwt_issuance
        return issued

    def present(self) -> str:
        """Take what was issued, and show some of it."""
        return self._present(SDJWTHolder(self.issued))

    def present_again(self) -> str:
        """Show some of it, where it is parsed already."""
        return self._present(self._holder)

    def verify(self) -> list[str]:
        """Verify what was issued, and give its texts."""
        return self._verify(self.issued)

    def verify_presentation(self) -> list[str]:
        """Verify what was shown, and give its texts."""
        return self._verify(self.presented)

    def _present(self, holder: SDJWTHolder) -> str:
        holder.create_presentation(self._shown)
        shown: str = holder.sd_jwt_presentation
        return shown

    def _verify(self, data: str) -> list[str]:
        payload = SDJWTVerifier(data, lambda issuer, header: self._public_key).get_verified_payload()
        texts: list[str] = payload["portions"]
        return texts
