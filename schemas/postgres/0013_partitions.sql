-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Third step: what there is becomes the first partition. The bound was checked, so nothing is read; the tables are
-- locked for as long as the catalogue takes.
LOCK TABLE ratio, measurement, block_result IN ACCESS EXCLUSIVE MODE;

ALTER TABLE block_result RENAME TO block_result_0;
ALTER TABLE block_result_0 RENAME CONSTRAINT block_result_pkey TO block_result_0_pkey;
-- Written under the lock of its block, by one function: the check for each row looked for what is known to be there.
ALTER TABLE block_result_0 DROP CONSTRAINT IF EXISTS block_result_block_id_fkey;
CREATE TABLE block_result (LIKE block_result_0 INCLUDING DEFAULTS) PARTITION BY RANGE (block_id);
ALTER TABLE block_result ADD CONSTRAINT block_result_pkey PRIMARY KEY (block_id);

ALTER TABLE measurement RENAME TO measurement_0;
ALTER TABLE measurement_0 RENAME CONSTRAINT measurement_pk TO measurement_0_pk;
ALTER INDEX measurement_arm RENAME TO measurement_0_arm;
CREATE TABLE measurement (LIKE measurement_0 INCLUDING DEFAULTS) PARTITION BY RANGE (block_id);
ALTER TABLE measurement ADD CONSTRAINT measurement_pk PRIMARY KEY (block_id, arm_index);
CREATE INDEX measurement_arm ON measurement (arm_id);

ALTER TABLE ratio RENAME TO ratio_0;
ALTER TABLE ratio_0 RENAME CONSTRAINT ratio_pk TO ratio_0_pk;
CREATE TABLE ratio (LIKE ratio_0 INCLUDING DEFAULTS) PARTITION BY RANGE (block_id);
ALTER TABLE ratio ADD CONSTRAINT ratio_pk PRIMARY KEY (block_id, arm_index);

DO $$
DECLARE
  bound bigint := (SELECT high FROM result_partition);
  part text;
BEGIN
  FOREACH part IN ARRAY ARRAY['block_result', 'measurement', 'ratio'] LOOP
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', part, part || '_0', bound);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT first_partition', part || '_0');
  END LOOP;
END
$$;

-- Makes what is missing of the partitions for these ids; how many ranges. Attached, not made as partitions: readers
-- and writers of the others go on meanwhile.
CREATE FUNCTION cover_blocks(first_id bigint, last_id bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  size CONSTANT bigint := 1000000;
  start bigint;
  parent text;
  part text;
  made integer := 0;
BEGIN
  FOR start IN SELECT n * size FROM generate_series(first_id / size, last_id / size) AS n LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM result_partition WHERE low <= start AND high > start);
    PERFORM pg_advisory_xact_lock(7241, 2);
    -- Another one may have made it before the lock was free.
    CONTINUE WHEN EXISTS (SELECT 1 FROM result_partition WHERE low <= start AND high > start);
    FOREACH parent IN ARRAY ARRAY['block_result', 'measurement', 'ratio', 'arm_samples'] LOOP
      part := parent || '_' || start;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE)', part, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, part, start,
                     start + size);
    END LOOP;
    INSERT INTO result_partition VALUES (start, start + size);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

-- Removes the oldest partitions of which neither a block nor a result is left; false if there are none, or somebody
-- is in the way.
CREATE FUNCTION drop_empty_partitions() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  chosen result_partition;
  parent text;
  filled boolean;
BEGIN
  -- Blocks that are being made may be put back from an archive, with old ids.
  IF NOT pg_try_advisory_xact_lock(7241, 3) THEN
    RETURN false;
  END IF;
  -- Who reads the tables for long must not make all others wait behind this.
  PERFORM set_config('lock_timeout', '200ms', true);
  FOR chosen IN
    SELECT p.* FROM result_partition p
    WHERE p.high <= pg_sequence_last_value(pg_get_serial_sequence('block', 'block_id')::regclass)
      AND NOT EXISTS (SELECT 1 FROM block WHERE block_id >= p.low AND block_id < p.high)
    ORDER BY p.low
  LOOP
    FOREACH parent IN ARRAY ARRAY['block_result', 'measurement', 'ratio', 'arm_samples'] LOOP
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', parent || '_' || chosen.low) INTO filled;
      EXIT WHEN filled;
    END LOOP;
    CONTINUE WHEN filled;
    FOREACH parent IN ARRAY ARRAY['ratio', 'arm_samples', 'measurement', 'block_result'] LOOP
      EXECUTE format('DROP TABLE %I', parent || '_' || chosen.low);
    END LOOP;
    DELETE FROM result_partition WHERE low = chosen.low;
    RETURN true;
  END LOOP;
  RETURN false;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END
$$;

-- A block has a partition for its result before it can have one: whoever makes it, also a program of the version
-- before, also from an archive.
CREATE FUNCTION block_cover() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7241, 3);
  -- Not all between the first and the last: after a restore ids go on a billion further.
  PERFORM cover_blocks(id, id) FROM (SELECT DISTINCT block_id / 1000000 * 1000000 AS id FROM made) AS ids;
  RETURN NULL;
END
$$;
CREATE TRIGGER block_covered AFTER INSERT ON block REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION block_cover();
