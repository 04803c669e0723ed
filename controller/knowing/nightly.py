"""Calibration from the store every night, by the engine's own calendar."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.engine.nightly import Calibrated
from controller.knowing.calibrating import calibrate_site, outcome_json
from controller.knowing.complaints import learned_betas
from controller.knowing.history import READINGS, read_history
from controller.problems import InputError
from controller.site import Site
from controller.store.database import Database
from controller.store.export import export_table

LOOKED_BACK = timedelta(days=21)


class NightlyCalibration:
    """Fits the site's parameters to the last three weeks of readings."""

    def calibrate(self, site: Site, database: Database, now: datetime) -> Calibrated:
        """Calibrate once; a new version is used from the next `reload` on.

        Args:
            site: The engine's snapshot of the site.
            database: The store.
            now: tz-aware UTC.

        Returns:
            What came of it; too short a history changes nothing.

        Raises:
            StoreError: The store failed.
            OSError: A version could not be written.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{READINGS}.parquet"
            export_table(database, READINGS, now - LOOKED_BACK, now, path)
            try:
                record = read_history(site, folder)
                betas = learned_betas(database, site, now)
                outcome = calibrate_site(site, record, now, betas)
            except (InputError, ValueError) as error:
                return Calibrated(changed=False, text=f"not calibrated: {error}", details={})
        if outcome.version is None:
            text = "nothing predicts better; the parameters stay"
        else:
            text = f"{outcome.version}; `reload` takes it into use"
        details = outcome_json(site, outcome)
        return Calibrated(changed=outcome.version is not None, text=text, details=details)
